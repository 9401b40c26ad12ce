import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { projectRoot } from "../../scripts/lib/run.ts";
import { accountIdOf } from "../../src/engine/types/accountId.ts";
import { WAD } from "../../src/engine/types/fixedPoint.ts";
import { expiryOf } from "../../src/engine/words/seriesWord.ts";
import { followBooks } from "../../src/keeper/books.ts";
import { formatDecimal, parseDecimal } from "../../src/sdk/amounts.ts";
import { atPrice, liquidationPrices } from "../../src/sdk/liquidationPrices.ts";
import { standings } from "../../src/sdk/standing.ts";
import { LOCAL_ROLES, passTime, setPrice } from "../../src/simulator/devnet.ts";
import { localWallet } from "../../src/simulator/localAccounts.ts";
import { blackInFloats, normalDistribution } from "../helpers/options/blackInFloats.ts";
import { type Answer, plimsoll, plimsollHere, type ServedDevnet, serveDevnet } from "../helpers/plimsoll.ts";

const [SELLER, BUYER] = [13, 14];
const DAY = 86_400;

/** The commands of the README's section, each as its arguments. */
function newcomersCommands(series: string): string[][] {
  const readme = readFileSync(join(projectRoot, "README.md"), "utf8");
  const block = /## Trade an option on a local chain[\s\S]*?```sh\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  return block
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/\s+#.*$/, ""))
    .filter((line) => !line.startsWith("export SERIES="))
    .map((line) => {
      const args = /^npm run plimsoll -- (.+)$/.exec(line)?.[1];
      if (args === undefined) throw new Error(`no command: ${line}`);
      return args.replaceAll("$SERIES", series).split(" ");
    });
}

describe("options on a local chain", function () {
  this.timeout(300_000);
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-series-"));
  let devnet: ServedDevnet;
  let [near, far] = ["", ""];

  const run = (...args: string[]): Promise<Answer> => plimsollHere([...args, ...devnet.where]);
  const said = async (...args: string[]): Promise<string> => {
    // the devnet posts every quarter of a minute by itself, which no clock does here
    if (["take", "withdraw", "liquidate"].some((verb) => args.slice(0, 2).includes(verb))) await devnet.refreshPrices();
    const { code, out, err } = await run(...args);
    expect({ code, err }, args.join(" ")).to.deep.equal({ code: 0, err: "" });
    return out;
  };
  const json = async <Shape>(...args: string[]): Promise<Shape> => JSON.parse(await said(...args, "--json")) as Shape;
  const refused = async (message: RegExp, code: number, ...args: string[]): Promise<void> => {
    const answer = await run(...args);
    expect(answer.err.trimEnd(), args.join(" ")).to.match(message);
    expect(answer.err.trimEnd().split("\n"), args.join(" ")).to.have.length(1);
    expect({ code: answer.code, out: answer.out }, args.join(" ")).to.deep.equal({ code, out: "" });
  };
  const now = async (): Promise<number> =>
    Number(((await devnet.rpc("eth_getBlockByNumber", ["latest", false])) as { timestamp: string }).timestamp);
  const order = join(folder, "order.json");

  before(async () => {
    devnet = await serveDevnet();
    [near = "", far = ""] = devnet.series;
  });
  after(async () => {
    await devnet.close();
    rmSync(folder, { recursive: true });
    rmSync(join(projectRoot, "order.json"), { force: true });
  });

  it("default: a newcomer sells, buys, sees margin and liquidates with the commands of the README", async () => {
    const answers = new Map<string, string>();
    for (const args of newcomersCommands(near)) {
      const line = args.join(" ");
      answers.set(answers.has(line) ? `${line} again` : line, await said(...args));
    }
    const answer = (line: string): string => answers.get(line) ?? "";
    expect(answer("series")).to.match(new RegExp(`^${near} .* fresh$`, "m"));
    expect(answer(`series show ${near}`)).to.match(/^2000 .*\d+\.\d %/m);
    expect(answer("order take order.json --preview --as 14")).to.match(new RegExp(`^buying 20 ${near}-2000-C at .*: equity 20,000 → `));
    expect(answer("order take order.json --as 14")).to.match(new RegExp(`^bought 20 ${near}-2000-C at `));
    expect(answer("account 13")).to.match(new RegExp(`^${near}-2000-C +-20 at .*, worth -.*, delta -`, "m"));
    expect(answer("order show order.json")).to.match(/^worth at the marks +\d+\.\d+$/m);
    expect(answer("order take order.json --as 10")).to.match(new RegExp(`^bought 5 ${near}-2100-C:\\+1,${near}-2300-C:-1 at \\d`));
    expect(answer("account 13")).to.match(/^price of ETH +1820, liquidated above \d/m);
    expect(answer("account 13")).to.match(/^scan of ETH, .*; scenario 11 decides$/m);
    expect(answer("account 13")).to.match(/^11 \* +5\.0 % +up +/m);
    expect(answer("account 13 again")).to.match(/^health +-?\d*\.?\d+ +below its line$/m);
    expect(answer("liquidate 13 --as 15")).to.match(/^account 13: sold \d+\.\d+ %, earned \d/);
    expect(answer("account 15")).to.match(/^equity +\d+\.\d+ pUSD$/m);
  });

  it("default: account: what is shown in JSON is what the engine says, and the scan adds up to the margin", async () => {
    type Shown = {
      cash: string;
      equity: string;
      margin: string;
      series: { instrument: string; size: string; mark: string; value: string; delta: number }[];
      scans: { underlying: string; needs: number; scenarios: { scenario: number; loss: string; margin: string }[] }[];
      stale: unknown[];
    };
    const shown = await json<Shown>("account", String(BUYER));
    const [held] = shown.series;
    expect(held).to.include({ instrument: `${near}-2000-C`, size: "20" });
    expect(parseDecimal(held?.value ?? "")).to.equal(20n * parseDecimal(held?.mark ?? ""));
    // what is long is worth its mark to the unit: the vault says the same
    expect(parseDecimal(shown.equity)).to.equal(parseDecimal(shown.cash) + parseDecimal(held?.value ?? ""));
    expect((held?.delta ?? 0) > 10 && (held?.delta ?? 0) < 20, String(held?.delta)).to.equal(true);
    const [scan] = shown.scans;
    expect(scan?.scenarios).to.have.length(16);
    expect(scan?.scenarios[(scan?.needs ?? 0) - 1]?.margin).to.equal(shown.margin);
    expect(shown.stale).to.deep.equal([]);
  });

  it("default: series show: marks and deltas are those of Black-76 in floating point", async () => {
    type Leg = { mark: string; volatility: string; delta: string };
    type Chain = { forward: string; expiry: string; options: { strike: string; call: Leg; put: Leg }[] };
    const { forward, expiry, options } = await json<Chain>("series", "show", far);
    expect(options).to.have.length(17);
    const years = (Date.parse(`${expiry}:00Z`) / 1000 - 1_200 - (await now())) / (365 * DAY);
    for (const { strike, call, put } of options) {
      const deviation = Number(call.volatility) * Math.sqrt(years);
      const up = Math.log(Number(forward) / Number(strike)) / deviation + deviation / 2;
      const model = blackInFloats(Number(forward), Number(strike), deviation);
      expect(Math.abs(Number(call.mark) - model.call) < 1e-4, `call of ${strike}: ${call.mark}, ${model.call}`).to.equal(true);
      expect(Math.abs(Number(put.mark) - model.put) < 1e-4, `put of ${strike}: ${put.mark}, ${model.put}`).to.equal(true);
      expect(Math.abs(Number(call.delta) - normalDistribution(up)) < 2e-4, `delta of ${strike}: ${call.delta}`).to.equal(true);
      expect(Math.abs(Number(put.delta) - (normalDistribution(up) - 1)) < 2e-4, `delta of ${strike}: ${put.delta}`).to.equal(true);
    }
  });

  it("behavior: stale words: what is refused says which and how to mend it, and that mends it", async () => {
    expect(await said("series", "post", near, "--volatility", "0.7", "--skew", "-0.1", "--curvature", "0.3")).to.match(
      new RegExp(`^posted 70\\.0 % at the money for ${near}, .* series refresh ${near}`),
    );
    expect((await json<{ stale: unknown[] }>("account", String(BUYER))).stale).to.deep.equal([{ name: near, cause: "volatility" }]);
    await refused(
      new RegExp(`^error: the risk words of ${near} are stale \\(volatility\\) \\(plimsoll series refresh ${near}\\)$`),
      1,
      ...["withdraw", "pUSD", "1", "--as", String(BUYER)],
    );
    await said("order", "sign", "sell", `${near}-2100-C`, "1", "--limit", "mark", "--as", "12", "--out", order);
    await refused(
      new RegExp(`${near} are stale .*plimsoll series refresh ${near}\\)$`),
      1,
      "order",
      "take",
      order,
      "--preview",
      "--as",
      "14",
    );
    expect(await said("series", "refresh", near)).to.match(new RegExp(`^refreshed ${near}: 17 strikes$`, "m"));
    expect(await said("series", "refresh")).to.match(/^nothing is stale$/m);
    await said("withdraw", "pUSD", "1", "--as", String(BUYER));
    await said("order", "take", order, "--as", String(BUYER));
    // what the devnet does by itself leaves the slice that was posted
    await devnet.refreshPrices();
    const { series } = await json<{ series: { series: string; volatility: string; fresh: boolean }[] }>("series");
    expect(series.find((each) => each.series === near)?.fresh).to.equal(true);
    expect(series.find((each) => each.series === near)?.volatility).to.match(/^0\.(70{6}|69{6})/);
  });

  it("behavior: a price outside the band, a maker without margin: the reason of a fill that is skipped is said", async () => {
    await said("order", "sign", "sell", `${far}-2500-C`, "1", "--limit", "500", "--as", "12", "--out", order);
    await refused(
      /^error: a price of 500 is outside the band around the mark of [\d.]+: it must be from /,
      1,
      "order",
      "take",
      order,
      "--as",
      "14",
    );
    await said("order", "sign", "sell", `${far}-2100-C`, "50", "--limit", "mark", "--as", "13", "--out", order);
    await refused(/^error: the margin of the account that signed the order would be too low$/, 1, "order", "take", order, "--as", "14");
  });

  it("H-95: an order file says what was signed and no number; it ends before its series, and what is gone is shown and not taken", async () => {
    await refused(
      new RegExp(`^error: ${near}-2100-C expires at .* UTC, and an order for it ends before: give --minutes \\d+ or fewer$`),
      2,
      ...["order", "sign", "sell", `${near}-2100-C`, "1", "--limit", "mark", "--minutes", "525600", "--as", "12", "--out", order],
    );
    await said("order", "sign", "sell", `${near}-2100-C`, "1", "--limit", "mark", "--as", "12", "--out", order);
    const file = JSON.parse(readFileSync(order, "utf8")) as { order: { instrument: Record<string, string>; side: string; size: string } };
    const expiry = BigInt(Date.parse(`${near.slice(4, 8)}-${near.slice(8, 10)}-${near.slice(10, 12)}T08:00:00Z`) / 1000);
    const instrument = { underlying: "0", right: "call", expiry: String(expiry), strike: String(2_100n * 10n ** 18n) };
    expect(file.order).to.deep.include({ instrument, side: "sell", size: String(10n ** 18n) });
    // as if it had been signed for a series that is gone
    const past = { ...instrument, expiry: String(expiry - 70n * 86_400n) };
    writeFileSync(order, JSON.stringify({ ...file, order: { ...file.order, instrument: past } }));
    const name = /ETH-\d{8}-2100-C is not listed any more/;
    const shown = await said("order", "show", order);
    expect(shown).to.match(name);
    expect(shown).to.match(/^order +sell 1 ETH-\d{8}-2100-C at \d/m);
    expect((await json<{ gone: string[]; left: string }>("order", "show", order)).left).to.equal("0");
    await refused(
      /signed for ETH-\d{8}-2100-C, which is not listed any more, and is good for nothing else$/,
      1,
      "order",
      "take",
      order,
      "--as",
      "14",
    );
  });

  it("behavior: dated futures and perpetuals go by their names", async () => {
    await said("order", "sign", "buy", far, "1", "--limit", "mark", "--as", "12", "--out", order);
    expect(await said("order", "take", order, "--as", "10")).to.match(new RegExp(`^sold 1 ${far} at 2100`));
    await said("order", "sign", "buy", "ETH-PERP", "1", "--limit", "mark", "--as", "12", "--out", order);
    expect(await said("order", "take", order, "--as", "10")).to.match(/^sold 1 ETH-PERP at 2100$/m);
    expect(await said("account", "10")).to.match(new RegExp(`^${far} +-1 at 2,100, worth -2,100, delta -1\\.000$`, "m"));
  });

  it("default: combos: signed by names at one net price, shown, previewed, taken in part, and closed", async () => {
    const spread = `${near}-2000-C:+1,${near}-2200-C:-1`;
    const file = join(folder, "combo.json");
    expect(await said("order", "sign", "sell", spread, "2", "--limit", "mark", "--as", "12", "--out", file)).to.match(
      new RegExp(`^signed: sell 2 ${near}-2000-C:\\+1,${near}-2200-C:-1 at \\d+\\.\\d+; take it with: plimsoll order take `),
    );
    type Shown = {
      side: string;
      size: string;
      price: string;
      mark: string;
      left: string;
      account: string;
      expired: boolean;
      legs: { instrument: string; size: string; price: string; mark: string }[];
    };
    const shown = await json<Shown>("order", "show", file);
    expect(shown).to.include({ side: "sell", size: "2", left: "2", account: "account 12", expired: false });
    expect(shown.legs.map(({ instrument, size }) => [instrument, size])).to.deep.equal([
      [`${near}-2000-C`, "-1"],
      [`${near}-2200-C`, "1"],
    ]);
    const net = ({ legs }: Shown, of: "price" | "mark"): bigint =>
      legs.reduce((sum, leg) => sum - parseDecimal(leg.size) * parseDecimal(leg[of]), 0n) / WAD;
    expect(net(shown, "price")).to.equal(parseDecimal(shown.price));
    expect(net(shown, "mark")).to.equal(parseDecimal(shown.mark));

    // a net price of one's own: the legs add up to it
    const price = String(Number((Number(shown.mark) * 1.02).toFixed(2)));
    await said("order", "sign", "sell", spread, "2", "--limit", price, "--as", "12", "--out", file);
    const own = await json<Shown>("order", "show", file);
    expect(own.price).to.equal(price);
    expect(net(own, "price")).to.equal(parseDecimal(price));
    expect(await said("order", "show", file)).to.match(new RegExp(`^${near}-2000-C +-1 at [\\d.]+, mark [\\d.]+$`, "m"));

    const before = await json<{ series: { instrument: string; size: string }[]; cash: string }>("account", "14");
    expect(await said("order", "take", file, "--size", "0.5", "--preview", "--as", "14")).to.match(
      new RegExp(`^buying 0\\.5 ${near}-2000-C:\\+1,${near}-2200-C:-1 at ${price}: equity `),
    );
    const taken = await json<{ side: string; size: string; hash: string }>("order", "take", file, "--size", "0.5", "--as", "14");
    expect(taken).to.include({ side: "buy", size: "0.5" });
    expect((await json<Shown>("order", "show", file)).left).to.equal("1.5");
    const after = await json<typeof before>("account", "14");
    const held = ({ series }: typeof before, name: string): number =>
      Number(series.find(({ instrument }) => instrument === name)?.size ?? 0);
    expect(held(after, `${near}-2000-C`) - held(before, `${near}-2000-C`)).to.equal(0.5);
    expect(held(after, `${near}-2200-C`)).to.equal(-0.5);
    await refused(/^error: only 1\.5 .* are left of the order$/, 1, "order", "take", file, "--as", "14");

    // the other way, where who buys receives: a negative price
    const backwards = `${near}-2200-C:+1,${near}-2000-C:-1`;
    await said("order", "sign", "buy", backwards, "0.5", "--limit", `-${price}`, "--as", "14", "--out", file);
    expect(await said("order", "take", file, "--as", "12")).to.match(
      new RegExp(`^sold 0\\.5 ${near}-2200-C:\\+1,${near}-2000-C:-1 at -${price}$`, "m"),
    );
    expect(held(await json<typeof before>("account", "14"), `${near}-2200-C`)).to.equal(0);
    expect(await said("order", "void", "--as", "14")).to.match(/^all orders signed until now are void$/m);
  });

  it("behavior: combos: what is wrong is said in one line that names the mend", async () => {
    const file = join(folder, "combo.json");
    const sign = (legs: string, limit = "mark"): string[] => [
      "order",
      "sign",
      "buy",
      legs,
      "1",
      "--limit",
      limit,
      "--as",
      "12",
      "--out",
      file,
    ];
    const wrong: [RegExp, string[]][] = [
      [/^error: a combo has 2 to 8 legs, not 1$/, sign(`${near}-2000-C:+1`)],
      [/is no leg: write NAME:\+1 to buy it or NAME:-1 to sell it$/, sign(`${near}-2000-C,${near}-2200-C`)],
      [/is no leg: write/, sign(`${near}-2000-C:0,${near}-2200-C:1`)],
      [/^error: ETH-PERP is no leg of a combo: sign an order of its own$/, sign(`ETH-PERP:1,${near}-2200-C:1`)],
      [/is named twice$/, sign(`${near}-2200-C:1,${near}-2200-C:-1`)],
      [/no option is struck at 2222: there are /, sign(`${near}-2222-C:1,${near}-2200-C:-1`)],
      [/is too far from that of the marks/, sign(`${near}-2000-C:1,${near}-2200-C:-1`, "5000")],
      [/--limit: "cheap" is not a decimal number, nor the word mark/, sign(`${near}-2000-C:1,${near}-2200-C:-1`, "cheap")],
    ];
    for (const [message, args] of wrong) await refused(message, 2, ...args);
    await said(...sign(`${near}-2000-C:+1,${near}-2200-C:-1`, "150"));
    await refused(
      new RegExp(`^error: a price of [\\d.,]+ of ${near}-2[02]00-C is outside the band around the mark of [\\d.,]+: it must be from `),
      1,
      ...["order", "take", file, "--as", "14"],
    );
    // who signed could not carry it
    await said("order", "sign", "sell", `${near}-2100-C:+1,${near}-2100-P:+1`, "50", "--limit", "mark", "--as", "13", "--out", file);
    await refused(/^error: the margin of the account that signed the order would be too low$/, 1, "order", "take", file, "--as", "14");
    await refused(/combo\.json\.none$/, 2, "order", "show", `${file}.none`);
  });

  it("behavior: account: prices at which an account with options is liquidated, and a unit beyond it is", async () => {
    type Shown = {
      account: string;
      scans: { underlying: string; price: string; liquidationBelow: string | null; liquidationAbove: string | null }[];
    };
    await said("order", "sign", "sell", `${near}-2300-C:+1,${near}-1900-P:+1`, "3", "--limit", "mark", "--as", "13", "--out", order);
    await said("faucet", "pUSD", "4000", "--as", "13");
    await said("deposit", "pUSD", "4000", "--as", "13");
    await said("order", "take", order, "--as", "14");
    expect(await said("account", "13")).to.match(
      /^price of ETH +[\d.]+, liquidated (below [\d.]+, liquidated )?above [\d.]+, at the present volatilities$/m,
    );
    const { scans } = await json<Shown>("account", "13");
    const [line] = scans;
    expect(line?.underlying).to.equal("ETH");
    const books = followBooks(devnet.rpc, devnet.record.contracts.vault, devnet.record.block);
    await books.sync();
    const state = books.state(await now());
    const id = accountIdOf(localWallet(13).address);
    const { low, high } = liquidationPrices(state, id, 0);
    const unit = 10n ** (state.underlyings[0]?.lotExponent ?? 0n);
    expect(line?.liquidationAbove).to.equal(formatDecimal((high ?? 0n) * unit));
    expect(line?.liquidationBelow).to.equal(low === undefined ? null : formatDecimal(low * unit));
    const [standing] = standings(atPrice(state, 0, (high ?? 0n) + 1n), [id]);
    expect((standing?.figures.equity ?? 0n) < (standing?.maintenance ?? 0n)).to.equal(true);
  });

  it("default: series sign and keep: what signers publish is posted, what is held refreshed, and no key is printed", async () => {
    const place = join(folder, "slices.json");
    const smile = ["--volatility", "0.65", "--skew", "-0.1", "--curvature", "0.3"];
    type Signed = { signers: string[]; threshold: number; slices: { series: string; volatility: string; signatures: number }[] };
    const shownSlices = await json<Signed>("series", "sign", near, ...smile, "--out", place);
    expect(shownSlices.slices.map(({ series, signatures }) => [series, signatures])).to.deep.equal([[near, 2]]);
    expect(shownSlices.slices[0]?.volatility).to.match(/^0\.(650{5}|649{5})/);
    const [published] = JSON.parse(readFileSync(place, "utf8")) as [Record<string, unknown>];
    const arguments_ = ["keep", "--once", "--as", "9", "--slices", place];
    const dry = await json<{ upkeep: object[] }>(...arguments_, "--dry-run");
    const tasks = [...["slice", "refresh"].map((task) => ({ task, series: near })), { task: "topUp", underlying: "ETH" }];
    // nobody holds what expires later, but for the future; what the fund took over is short of margin
    expect(dry.upkeep).to.deep.equal(tasks.map((task) => ({ ...task, done: false })));
    expect(await said(...arguments_)).to.match(new RegExp(`posted a slice of ${near}\\nrefreshed ${near}\\n`));
    expect((await json<{ upkeep: object[] }>(...arguments_)).upkeep).to.deep.equal([]);
    const { series } = await json<{ series: { volatility: string; fresh: boolean }[] }>("series");
    expect(series[0]?.volatility).to.match(/^0\.(650{5}|649{5})/);

    // one signer after the other, each with a key of its own
    const withKey = (signer: number, ...args: string[]) =>
      plimsoll([...args, ...devnet.where], { PLIMSOLL_KEY: localWallet(signer).privateKey });
    const [first, second] = LOCAL_ROLES.priceSigners as [number, number];
    const begun = await withKey(first, "series", "sign", "--out", place, ...smile);
    expect(begun.out).to.match(/^1 of \d signatures: the next signer runs: plimsoll series sign --add /m);
    const ended = await withKey(second, "series", "sign", "--add", place);
    expect(ended.out).to.match(/^2 of \d signatures; post with: plimsoll keep --slices /m);
    const twice = await withKey(second, "series", "sign", "--add", place);
    expect(twice.out).to.match(/^2 of \d signatures/m);
    for (const { out, err } of [begun, ended, twice])
      for (const signer of [first, second]) expect(out + err).to.not.include(localWallet(signer).privateKey.slice(2));
    expect((await withKey(12, "series", "sign", "--add", place)).err).to.match(/is no signer of volatilities \(those are 0x/);
    expect(await said("series", "post", far, "--slices", place)).to.match(new RegExp(`^posted 65\\.0 % at the money for ${far}`));
    await said("series", "refresh");

    writeFileSync(place, JSON.stringify([{ ...published, slice: "0x12" }]));
    const broken = await plimsoll([...arguments_, ...devnet.where]);
    expect(broken.code).to.equal(0);
    expect(broken.err).to.match(/"reason":".*slices\.json holds no slices: 0\.slice/);
  });

  it("default: series list: the vault's bounds are explained, the delay is kept, and what is listed can be traded once it has a slice", async () => {
    const day = (days: number): string => new Date((Math.floor(Date.now() / 1000) + days * DAY) * 1000).toISOString().slice(0, 10);
    const date = `${day(60)}T08:00`;
    const list = (expiry: string, ...rest: string[]) => ["series", "list", "ETH", expiry, ...rest, "--step", "100", "--as", "2"];
    const usual = ["--lowest", "1500", "--count", "10"];
    await refused(/is not from .* to .* UTC: a series lives a day to two years$/, 2, ...list(`${day(900)}T08:00`, ...usual));
    await refused(/a strike of 10 is not from 105 to 42000: a twentieth/, 2, ...list(date, "--lowest", "10", "--count", "10"));
    await refused(
      /could need \d+ of the 32,767 units of a word: lower --volatility-cap/,
      2,
      ...list(`${day(400)}T08:00`, ...usual, "--volatility-cap", "500"),
    );
    await refused(/number 1 is in use/, 2, ...list(date, ...usual, "--number", "1"));
    await refused(/does not govern parameters \(.*--as 2\)$/, 1, ...list(date, ...usual), "--as", "10");
    expect(await said(...list(date, ...usual))).to.match(/^scheduled: run the same command again from /);
    expect(await said(...list(date, ...usual))).to.match(/^scheduled: /);
    const listed = await json<{ series: string }>(...list(date, ...usual), "--skip-delay");
    expect(listed.series).to.equal(`ETH-${date.slice(0, 10).replaceAll("-", "")}`);
    await refused(
      new RegExp(`^error: ${listed.series} has no slice \\(plimsoll series post ${listed.series}\\)$`),
      1,
      "series",
      "show",
      listed.series,
    );
    await devnet.refreshPrices();
    await devnet.refreshPrices();
    expect(await said("series")).to.match(new RegExp(`^${listed.series} .* 1500 to 2400 by 100 .* fresh$`, "m"));
  });

  it("default: a series that expires is settled by the mean of its last half hour, everybody is paid, and not a unit is missing", async () => {
    const { record, rpc } = devnet;
    const books = followBooks(rpc, record.contracts.vault, record.block);
    await books.sync();
    const cash = (local: number): bigint => books.state(0).accounts.get(accountIdOf(localWallet(local).address))?.cash ?? 0n;
    const [buyer, seller] = [cash(BUYER), cash(SELLER)];
    const word = books.state(0).underlyings[0]?.series.get(1)?.word ?? 0n;
    const protocol = { record, signers: LOCAL_ROLES.priceSigners.map(localWallet) };
    const post = (price: bigint) => setPrice(rpc, protocol, localWallet(LOCAL_ROLES.poster).address, 0, price * WAD);
    await refused(/has not settled: 0 of 1,800 seconds/, 1, "series", "settle", near);
    await passTime(rpc, Number(expiryOf(word)) - 1_700 - (await now()));
    for (let i = 0; i < 13; i++) {
      await post(2_100n);
      await passTime(rpc, 150);
    }
    const told = await json<{ price: string; paid: string[] }>("series", "settle", near);
    expect(told.price).to.equal("2100");
    expect(told.paid).to.include.members(["account 13", "account 14", "account 12"]);
    await books.sync();
    const after = books.state(books.head().time);
    for (const account of after.accounts.values()) {
      for (const { instrument } of account.series.get(0) ?? []) expect(Number(instrument >> 8n)).to.not.equal(1);
    }
    // 20 calls at 2,000 and one at 2,100: a hundred each of the former
    expect(cash(BUYER) - buyer).to.equal(2_000n * WAD);
    expect(cash(SELLER) < seller).to.equal(true);
    expect(await said("series")).to.match(new RegExp(`^${near} .* settled$`, "m"));
    const [held, deficit] = [after.settlement, after.deficit];
    const claims = [...after.accounts.values()].reduce((sum, { cash: own, positions }) => {
      return [...positions.values()].reduce((total, { lots, fundingIndex }) => total + lots * fundingIndex, sum + own);
    }, 0n);
    expect(claims).to.equal(held + deficit);
  });

  it("args: mistakes are answered in one line with exit code 2", async () => {
    const wrong: [message: RegExp, ...args: string[]][] = [
      [/no underlying|no instrument is called "DOGE-PERP"/, "order", "sign", "buy", "DOGE-PERP", "1", "--limit", "1"],
      [/no series is called "ETH-20200101": there are ETH-/, "series", "show", "ETH-20200101"],
      [/no option is struck at 1: there are 1200 to 2800 by 100/, "order", "sign", "buy", `${far}-1-C`, "1", "--limit", "1"],
      [/--volatility: give it, or --slices, and not both/, "series", "post", far],
      [/--volatility: must be from 0.01 to 5/, "series", "post", far, "--volatility", "9"],
      [/--limit: "cheap" is not a decimal number, nor the word mark/, "order", "sign", "buy", far, "1", "--limit", "cheap"],
      [/--expiry: "soon" is not a date/, "series", "list", "ETH", "soon", "--lowest", "1", "--step", "1", "--count", "1"],
      [/no volatility feed/, "series", "list", "SOL", "2029-01-01", "--lowest", "1", "--step", "1", "--count", "1"],
    ];
    for (const [message, ...args] of wrong) await refused(message, 2, ...args);
  });
});
