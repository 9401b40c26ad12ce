import { join } from "node:path";
import { expect } from "chai";
import { localWallet } from "../../src/simulator/localAccounts.ts";
import { type Answer, plimsollHere } from "./plimsoll.ts";

const [GOVERNOR, SIGNER, SECOND, BACKER, KEEPER, POSTER, MAKER, TAKER, LIQUIDATOR, BORROWER] = [2, 5, 6, 8, 9, 12, 13, 14, 15, 16];
const DAY = 86_400;

/** A network with everything deployed and nothing done, with keys of local accounts, of which ETH alone is listed. */
export type WalkedNetwork = {
  /** Arguments by which commands find it. */
  readonly where: readonly string[];
  /** For files. */
  readonly folder: string;
  /** Lets time pass on the chain. */
  readonly passTime: (seconds: number) => Promise<void>;
  /** Hears of each command. */
  readonly onCommand?: (args: readonly string[]) => void;
};

export type Walk = {
  /** Runs a command for an account. */
  readonly run: (who: number, args: readonly string[]) => Promise<Answer>;
  /** The same of one that succeeds and says nothing of trouble; what it prints. */
  readonly said: (who: number, ...args: string[]) => Promise<string>;
  /** One that fails with a line. */
  readonly refused: (who: number, code: number, message: RegExp, ...args: string[]) => Promise<void>;
  /** Signs and posts a price of ETH until the vault takes it. */
  readonly posted: (price: string) => Promise<void>;
  /** From the first price to a keeper's turn, with everything that it takes in between. */
  readonly trading: () => Promise<void>;
  /** Everything else that the command line does with a network. */
  readonly rest: () => Promise<void>;
};

/** A deployed network walked from end to end with the commands that ship. */
export function networkWalk({ where, folder, passTime, onCommand = () => {} }: WalkedNetwork): Walk {
  const [prices, order, slices] = ["prices.json", "order.json", "slices.json"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];

  const run: Walk["run"] = async (who, args) => {
    onCommand(args);
    process.env.PLIMSOLL_KEY = localWallet(who).privateKey;
    try {
      return await plimsollHere([...args, ...where]);
    } finally {
      delete process.env.PLIMSOLL_KEY;
    }
  };
  const said: Walk["said"] = async (who, ...args) => {
    const { code, out, err } = await run(who, args);
    expect({ code, err }, args.join(" ")).to.deep.equal({ code: 0, err: "" });
    return out;
  };
  const refused: Walk["refused"] = async (who, code, message, ...args) => {
    const answer = await run(who, args);
    expect(answer.err, args.join(" ")).to.match(message);
    expect(answer.err.trimEnd().split("\n"), args.join(" ")).to.have.length(1);
    expect(answer.code, args.join(" ")).to.equal(code);
  };
  const json = async (who: number, ...args: string[]): Promise<Record<string, unknown>> =>
    JSON.parse(await said(who, ...args, "--json")) as Record<string, unknown>;
  const minute = (): Promise<void> => passTime(61);
  /** Both signers sign one price. */
  const signed = async (price: string): Promise<void> => {
    const begun = await said(SIGNER, "price", "sign", `ETH=${price}`, "--out", prices);
    expect(begun).to.match(/1 of 2 signatures: the next signer runs: plimsoll price sign --add/);
    expect(await said(SECOND, "price", "sign", "--add", prices)).to.match(/2 of 2 signatures; post with: plimsoll price post --prices/);
  };
  /** A jump is posted twice, a minute apart. */
  const posted: Walk["posted"] = async (price) => {
    for (let i = 0; i < 2; i++) {
      await signed(price);
      const line = await said(POSTER, "price", "post", "ETH", "--prices", prices);
      if (!/confirmed by another post/.test(line)) {
        expect(line).to.equal(`ETH is at ${price}\n`);
        return;
      }
      await minute();
    }
    throw new Error(`the vault does not take ${price}`);
  };

  const trading: Walk["trading"] = async () => {
    expect(await said(POSTER, "price")).to.match(/^ETH +– +never posted/m);
    expect((await run(POSTER, ["price", "post", "ETH"])).err).to.match(
      /nothing to post for ETH, whose sources are signed \(signed prices come with --prices/,
    );
    expect((await run(POSTER, ["price", "sign", "ETH=2000"])).err).to.match(/is no signer of prices \(those are 0x/);
    expect((await run(POSTER, ["price", "set", "ETH", "2000"])).code).to.equal(2);
    await posted("2000");
    expect(await said(POSTER, "price", "post", "--prices", prices)).to.match(/ETH stays at 2000: no source is newer/);

    for (const [who, amount] of [
      [BACKER, "2000000"],
      [MAKER, "100000"],
      [TAKER, "2000"],
    ] as const)
      await said(who, "faucet", "pUSD", amount);
    await said(MAKER, "deposit", "pUSD", "100000");
    await said(TAKER, "deposit", "pUSD", "2000");
    await said(MAKER, "order", "sign", "sell", "ETH", "8", "--limit", "mark", "--out", order);
    const early = await run(TAKER, ["order", "take", order]);
    expect(early.err).to.match(/plimsoll fund cap/);
    await said(BACKER, "fund", "stake", "2000000");
    expect(await said(BACKER, "fund", "cap")).to.match(/^ETH: open interest 0 of [1-9]/);
    await said(TAKER, "order", "take", order);

    await posted("1820");
    const victim = localWallet(TAKER).address;
    expect(await said(LIQUIDATOR, "liquidate", victim)).to.match(/: sold \d+\.\d+ %, earned \d/);

    await signed("1700");
    expect(await said(KEEPER, "keep", "--once", "--prices", prices)).to.match(/posted a price of ETH/);
    await minute();
    await signed("1700");
    // whoever is insolvent earns a keeper less than its gas, and is sold by who bears that
    const turn = await said(KEEPER, "keep", "--once", "--prices", prices, "--floor", "-5");
    expect(turn, turn).to.match(/^liquidated 0x[0-9a-f]{40}\/0: sold .*, the keeper earned \d/m);
    expect(await said(POSTER, "check")).to.match(/^vaultMinusClaims +0$/m);
  };

  const rest: Walk["rest"] = async () => {
    const maker = localWallet(MAKER).address;
    expect(await json(MAKER, "accounts"))
      .to.have.nested.property("accounts.length")
      .above(1);
    expect(await json(MAKER, "account")).to.have.property("equity");
    await said(LIQUIDATOR, "account", maker);
    expect(await json(MAKER, "fund", "show"))
      .to.have.nested.property("accounts[1].size")
      .not.equal("0");

    // what the fund has taken over is taken from it by who wants it
    await posted("1700");
    expect(await said(MAKER, "fund", "take", "ETH", "--percent", "50")).to.match(/took 50 % of the fund's ETH/);
    await refused(MAKER, 1, /your wallet 0x\w+ holds 0 pUSD, less than 5/, "deposit", "pUSD", "5");
    await refused(MAKER, 1, /MarginTooLow|WithdrawalTooLarge|holds|less than/, "withdraw", "pUSD", "150000");
    expect(await said(MAKER, "withdraw", "pUSD", "10.5", "--to", localWallet(POSTER).address)).to.match(/^10\.5 pUSD paid to 0x/);
    await said(MAKER, "order", "sign", "sell", "ETH", "1", "--limit", "mark", "--out", order);
    expect(await json(TAKER, "order", "show", order)).to.include({ side: "sell", left: "1", signatureFault: null });
    expect(await json(LIQUIDATOR, "order", "take", order, "--preview").catch(String)).to.match(/MarginTooLow/);
    await said(MAKER, "order", "void");
    await refused(TAKER, 1, /who signed it has voided its orders/, "order", "take", order);

    // collateral, and whoever owes nothing
    await said(BORROWER, "faucet", "WETH", "2");
    await said(BORROWER, "deposit", "WETH", "2");
    const borrower = localWallet(BORROWER).address;
    expect(await json(BORROWER, "exchange", "show", borrower)).to.have.property("account");
    await refused(LIQUIDATOR, 1, /there is nothing to declare/, "exchange", "declare", borrower);
    await refused(LIQUIDATOR, 1, /there is nothing to buy/, "exchange", "buy", borrower, "WETH", "most");

    // options: governance waits three days
    const expiry = new Date((Math.ceil(Date.now() / 1_000 / DAY) + 12) * DAY * 1_000 + 8 * 3_600_000).toISOString().slice(0, 16);
    const series = `ETH-${expiry.slice(0, 10).replaceAll("-", "")}`;
    const list = ["series", "list", "ETH", expiry, "--lowest", "1200", "--step", "100", "--count", "11"];
    await refused(POSTER, 1, /does not govern parameters/, ...list);
    expect(await said(GOVERNOR, ...list)).to.match(/scheduled/);
    await passTime(3 * DAY);
    await posted("1700");
    await said(GOVERNOR, ...list);
    await refused(
      POSTER,
      1,
      /has no mark: SeriesHasNoSlice \(plimsoll series post/,
      "order",
      "sign",
      "sell",
      `${series}-1800-C`,
      "2",
      "--limit",
      "mark",
      "--out",
      order,
    );
    await said(SIGNER, "series", "sign", series, "--volatility", "0.6", "--skew", "-0.1", "--curvature", "0.3", "--out", slices);
    await said(SECOND, "series", "sign", "--add", slices);
    expect(await said(POSTER, "series", "post", series, "--slices", slices)).to.match(/ETH-/);
    expect(await said(KEEPER, "keep", "--once", "--slices", slices, "--prices", prices)).to.match(/accounts/);
    await said(POSTER, "series", "refresh", series);
    expect(await json(POSTER, "series", "show", series)).to.be.an("object");
    expect(await said(POSTER, "series")).to.match(new RegExp(`^${series}`, "m"));
    await said(BACKER, "faucet", "pUSD", "50000");
    await said(BACKER, "deposit", "pUSD", "50000");
    await said(MAKER, "order", "sign", "sell", `${series}-1800-C`, "10", "--limit", "mark", "--out", order);
    expect(await said(BACKER, "order", "take", order)).to.match(/^bought 10 ETH-\d+-1800-C at /);
    await said(MAKER, "order", "sign", "sell", `${series}-1600-P:+1,${series}-1500-P:-1`, "10", "--limit", "mark", "--out", order);
    expect(await json(BACKER, "order", "take", order)).to.have.property("hash");
    await said(MAKER, "order", "sign", "sell", "ETH", "1", "--limit", "mark", "--out", order);
    await refused(BACKER, 2, /who signed it cancels it/, "order", "cancel", order);
    expect(await said(MAKER, "order", "cancel", order)).to.match(/^cancelled/);
    await refused(BACKER, 1, /who signed it has cancelled it/, "order", "take", order);
    await refused(POSTER, 1, /has not|not expired|not settled|expires/i, "series", "settle", series);

    // shares of the fund: ten days, an hour
    await refused(BACKER, 2, /how many shares/, "fund", "redeem");
    expect(await said(BACKER, "fund", "redeem", "1000")).to.match(/^asked for 1000 shares/);
    await refused(BACKER, 1, /1000 shares cool down until/, "fund", "redeem");
    await passTime(10 * DAY);
    await posted("1700");
    expect(await said(BACKER, "fund", "redeem")).to.match(/^claimed 1000 shares/);
    await refused(BACKER, 1, /1000 shares are claimed, and paid from/, "fund", "redeem");
    await passTime(3_700);
    await posted("1700");
    expect(await said(BACKER, "fund", "redeem")).to.match(/^paid for 1000 shares\n[1-9][\d.]* pUSD received/);
    expect(await said(POSTER, "check")).to.match(/^vaultMinusClaims +0$/m);
  };

  return { run, said, refused, posted, trading, rest };
}
