import { expect } from "chai";
import { accountIdOf } from "../../src/engine/types/accountId.ts";
import { partUp, WAD } from "../../src/engine/types/fixedPoint.ts";
import type { State } from "../../src/engine/types/types.ts";
import { followBooks } from "../../src/keeper/books.ts";
import { SETTLEMENT_TOKEN } from "../../src/sdk/actions.ts";
import { parseDecimal } from "../../src/sdk/amounts.ts";
import type { Call } from "../../src/sdk/calls.ts";
import { figuresOf } from "../../src/sdk/standing.ts";
import { LOCAL_ROLES, setPrice } from "../../src/simulator/devnet.ts";
import { localWallet } from "../../src/simulator/localAccounts.ts";
import { fundingCalls, matchCalls } from "../../src/simulator/setUp.ts";
import { type Answer, plimsoll, type ServedDevnet, serveDevnet } from "../helpers/plimsoll.ts";

const ETH_PRICE = 1_820n; // after the devnet's fall of 9 %
const [BORROWER, MAKER, BUYER, HEDGER] = [13, 12, 14, 15];

describe("accounts that hold collateral", function () {
  this.timeout(180_000);
  let devnet: ServedDevnet;

  const send = async (calls: readonly Call[]): Promise<void> => {
    for (const { from, to, data } of calls) await devnet.rpc("eth_sendTransaction", [{ from, to, data, gas: "0x7a1200" }]);
  };
  const idOf = (local: number): bigint => accountIdOf(localWallet(local).address);
  const fund = (local: number, token: number, amount: bigint): Promise<void> =>
    send(fundingCalls(devnet.record, localWallet(local).address, idOf(local), token, amount));
  /** `long` buys from the maker at the mark. */
  const trade = async (long: number, underlying: number, lots: bigint, price: bigint, nonce: bigint): Promise<void> => {
    const side = (local: number) => ({ wallet: localWallet(local), account: idOf(local), lots });
    await send(await matchCalls(devnet.record, underlying, price, [side(long)], [side(MAKER)], 1n, nonce));
  };
  const setEth = (price: bigint): Promise<void> => {
    const protocol = { record: devnet.record, signers: LOCAL_ROLES.priceSigners.map(localWallet) };
    return setPrice(devnet.rpc, protocol, localWallet(LOCAL_ROLES.poster).address, 0, price * WAD);
  };
  const run = (...args: string[]): Promise<Answer> => plimsoll([...args, ...devnet.where]);
  const json = async (...args: string[]): Promise<Record<string, unknown>> => {
    const { code, out, err } = await run(...args, "--json");
    expect({ code, err }, args.join(" ")).to.deep.equal({ code: 0, err: "" });
    return JSON.parse(out) as Record<string, unknown>;
  };
  const refused = async (message: RegExp, code: number, ...args: string[]): Promise<void> => {
    const answer = await run(...args);
    expect(answer.err, args.join(" ")).to.match(message);
    expect(answer.err.trimEnd().split("\n"), args.join(" ")).to.have.length(1);
    expect({ code: answer.code, out: answer.out }, args.join(" ")).to.deep.equal({ code, out: "" });
  };

  before(async () => {
    devnet = await serveDevnet();
    await devnet.refreshPrices();
  });
  after(() => devnet.close());

  it("behavior: exchange: what is owed is shown, declared and bought, and a step out of turn is refused with a reason", async () => {
    await fund(BORROWER, 0, 5n * WAD);
    await fund(BUYER, SETTLEMENT_TOKEN, 5_000n * WAD);
    // five WETH of collateral only, and four ETH long: a fall is owed in money that is not there
    await trade(BORROWER, 0, 40_000n, (ETH_PRICE * WAD) / 10_000n, 9n);
    await refused(
      /^error: account 13 owes 2\.18 pUSD, .* not short, not declared: there is nothing to declare/,
      1,
      "exchange",
      "declare",
      "13",
    );
    await setEth(1_600n);
    await refused(/not declared \(first: plimsoll exchange declare 13\)/, 1, "exchange", "buy", "13", "WETH", "0.1", "--as", "14");
    const shown = await json("exchange", "show", "13");
    expect(shown).to.include({ account: "account 13", short: true, declaredAt: null, collateral: "8000" });
    expect(shown.settledCash).to.equal("-882.184"); // four times 220, and the fee
    expect(await json("exchange", "declare", "13", "--as", "14")).to.include({ declared: true });
    await refused(/there is nothing to declare \(plimsoll exchange buy 13/, 1, "exchange", "declare", "13");

    // five hours: a discount of half a percent
    await devnet.rpc("evm_increaseTime", [5 * 3_600]);
    await devnet.rpc("evm_mine");
    await devnet.refreshPrices();
    const { code, out } = await run("exchange", "buy", "13", "WETH", "0.25", "--as", "14");
    expect(code).to.equal(0);
    const [owed, preview, done] = out.trimEnd().split("\n");
    expect(owed).to.match(/^account 13 owes 882\.\d+ pUSD, with collateral of 8,000: short, declared 5\.0 hours ago$/);
    expect(preview).to.equal("0.25 WETH for 397.99 pUSD");
    expect(done).to.match(/^bought 0\.25 WETH of account 13 for 397\.99\d* pUSD$/);
    await refused(/at most 0\.3\d+ WETH may be bought now/, 1, "exchange", "buy", "13", "WETH", "3", "--as", "14");
    const rest = await json("exchange", "buy", "13", "WETH", "most", "--as", "14");
    expect(Number(rest.paid)).to.be.within(483.7, 484.2);
    expect(await json("exchange", "show", "13")).to.include({ short: false });
    const bought = (await json("account", "14")).collateral as { token: string; amount: string }[];
    expect(bought).to.have.length(1);
    expect(parseDecimal(bought[0]?.amount ?? "")).to.equal(WAD / 4n + parseDecimal(String(rest.amount)));
  });

  it("args: exchange: mistakes are answered in one line with exit code 2", async () => {
    await Promise.all([
      refused(/missing required argument 'token'/, 2, "exchange", "buy", "13"),
      refused(/"nobody" is not an account/, 2, "exchange", "declare", "nobody"),
    ]);
    await Promise.all([
      refused(/"-1" is not above zero/, 2, "exchange", "buy", "13", "WETH", "-1"),
      refused(/"x" is not a decimal number/, 2, "exchange", "buy", "13", "WETH", "x"),
    ]);
    await Promise.all([
      refused(/no token is called DOGE/, 2, "exchange", "buy", "13", "DOGE", "1"),
      refused(/pUSD is what is paid with/, 2, "exchange", "buy", "13", "pUSD", "1"),
    ]);
  });

  it("behavior: account: an underlying held as collateral only has a liquidation price, and it is the line", async () => {
    await setEth(1_600n);
    await fund(HEDGER, 0, 3n * WAD);
    const btc = followBooks(devnet.rpc, devnet.record.contracts.vault, devnet.record.block);
    await btc.sync();
    const price = btc.state(0).underlyings[1]?.price ?? 0n;
    await trade(HEDGER, 1, 500_000n, price, 10n); // half a BTC, 20,000
    const shown = await json("account", "15");
    const [weth] = shown.collateral as { token: string; underlying: string; liquidationBelow: string; liquidationAbove: null }[];
    expect(weth).to.include({ token: "WETH", underlying: "ETH", liquidationAbove: null });
    const human = (await run("account", "15")).out;
    expect(human).to.match(new RegExp(`^collateral WETH +3, liquidated with ETH below ${weth?.liquidationBelow.slice(0, 8)}`, "m"));
    expect(human).to.match(/^perpetual BTC +0\.5, liquidated below \d/m);

    // the engine at that price of ETH is at the line, a lot's smallest step lower it is below
    const books = followBooks(devnet.rpc, devnet.record.contracts.vault, devnet.record.block);
    await books.sync();
    const state = books.state(books.head().time);
    const line = parseDecimal(weth?.liquidationBelow ?? "") / 10n ** 4n;
    expect(line).to.be.greaterThan(0n);
    const surplus = (at: bigint): bigint => {
      const { equity, margin } = figuresOf(at === 0n ? state : withEth(state, at), idOf(HEDGER));
      return equity - partUp(margin, 8n * 10n ** 17n);
    };
    expect(surplus(0n) > 0n).to.equal(true);
    expect(surplus(line) >= 0n, "at the price").to.equal(true);
    expect(surplus(line - 10n ** 6n) < 0n, "just below it").to.equal(true);
  });
});

/** The state with another price of a lot of the first underlying. */
function withEth(state: State, price: bigint): State {
  return { ...state, underlyings: state.underlyings.map((each, i) => (i === 0 ? { ...each, price } : each)) };
}
