import { expect } from "chai";
import { shortOf } from "../../../src/engine/actions/exchange.ts";
import { Draft } from "../../../src/engine/ledger/draft.ts";
import { bookMargin, termsAt } from "../../../src/engine/margin/margin.ts";
import { liveMargin } from "../../../src/engine/margin/options/liveMargin.ts";
import { portfolioOf } from "../../../src/engine/margin/portfolios.ts";
import { indexNow } from "../../../src/engine/math/funding.ts";
import { accountIdOf } from "../../../src/engine/types/accountId.ts";
import { abs, max, min, PPM, partUp, WAD } from "../../../src/engine/types/fixedPoint.ts";
import type { AccountId, State } from "../../../src/engine/types/types.ts";
import { SETTLEMENT } from "../../../src/engine/types/types.ts";
import { type Call, SignedMarket } from "../../helpers/walks/signedMarket.ts";
import { type Count, itWalks } from "../../helpers/walks/walks.ts";

// At constant prices, whatever is posted of what signers said in the last day, and whatever attackers do: who is above its line keeps what it has, and attackers gain
// nothing but what is paid for selling those below it. Each call is judged at the surface that the rule for slices gives, which is told apart from the engine.

/** What walks have to meet at least. */
const QUOTAS: Record<string, number> = {
  "an honest account sold below its line": 18,
  liquidate: 20,
  liquidateTo: 6,
  shedFund: 70,
  "near the bound: shedFund": 70,
  exchangeCollateral: 15,
  "an exchange of who is above its line": 5,
  "a slice posted late": 60,
  "a slice that is not newer": 700,
  "slices: SliceTooOld": 150,
  "post of an old price": 80,
  trade: 400,
  transfer: 10,
  withdraw: 10,
  declareExchange: 10,
  topUpFund: 2,
  settleExpired: 10,
};

class ConstantPrices {
  readonly market: SignedMarket;
  readonly count: Count;
  private outside = 0n;

  constructor(seed: number, count: Count) {
    this.count = count;
    this.market = new SignedMarket(seed, { count, heard: (call) => this.heard(call) });
  }

  step(): void {
    const { market } = this;
    const { random } = market;
    market.pass();
    if (random.chance(0.05)) market.withhold();
    if (random.chance(0.3)) for (const u of [0, 1]) market.postNewest(u);
    if (random.chance(0.5)) market.live();
    for (let i = random.below(4); i >= 0; i--) market.attack();
  }

  // ---------------------------------------------------------------- what must hold

  private heard(call: Call): void {
    // while it is being built
    if (this.market === undefined) return;
    const { before, outcome } = call;
    const changed = [...outcome.state.accounts.keys()].filter((id) => outcome.state.accounts.get(id) !== before.accounts.get(id));
    if (changed.length === 0) return;
    const judged = this.market.judged(before);
    for (const id of changed) if (this.isHonest(id) && !call.acting.includes(id)) this.checkRest(call, judged, id);
    this.checkGain(call, judged, changed);
  }

  private isHonest(id: AccountId): boolean {
    return this.market.houses.includes(id) || this.market.traders.includes(id);
  }

  /** Whoever is above its line and does nothing keeps its cash, positions and collateral; an exchange that is due sells collateral at its price but for the discount. */
  private checkRest({ name, before, outcome, account, amount, underlying }: Call, judged: State, id: AccountId): void {
    const { state } = outcome;
    const [was, is] = [before.accounts.get(id)!, state.accounts.get(id)!];
    const lost = this.worthOf(judged, before, id) - this.worthOf(judged, state, id);
    const isSame = was.positions === is.positions && was.series === is.series && was.collateral === is.collateral && was.cash === is.cash;
    if (isSame) return;
    if (name === "settleExpired") {
      expect(abs(lost) <= this.lotsOf(before, id), `I-33: ${id} loses ${lost} at a settlement`).to.equal(true);
      return;
    }
    if (name === "exchangeCollateral" && account === id) {
      expect(shortOf(portfolioOf(new Draft(judged), id)).short, `I-33: ${id} is not short`).to.equal(true);
      const most = this.mostOfExchange(judged, id, underlying!, amount!);
      expect(lost <= most, `I-33: an exchange takes ${lost} of ${id}, not ${most}`).to.equal(true);
      if (!this.market.isBelow(judged, id)) this.count("an exchange of who is above its line");
      return;
    }
    const { equity, margin } = this.market.figures(judged, id);
    expect(this.market.isBelow(judged, id), `I-33: ${name} takes ${lost} of ${id}, above its line: ${equity} of ${margin}`).to.equal(true);
    this.count("an honest account sold below its line");
    const most = this.mostOfSale(judged, id);
    expect(lost <= most, `I-33: a sale takes ${lost} of ${id}, not ${most}`).to.equal(true);
  }

  /** Attackers together gain at the surface of the call no more than what is paid for it. */
  private checkGain(call: Call, judged: State, changed: readonly AccountId[]): void {
    const { before, outcome, name } = call;
    const own = changed.filter((id) => this.market.isAttacker(id));
    const outside = [...this.market.wallet].reduce((sum, [token, amount]) => sum + this.tokenWorth(judged, token, amount), 0n);
    const brought = outside - this.outside;
    this.outside = outside;
    if (own.length === 0) return;
    const gained = own.reduce((sum, id) => sum + this.worthOf(judged, outcome.state, id) - this.worthOf(judged, before, id), brought);
    const lots = own.reduce((sum, id) => sum + this.lotsOf(before, id) + this.lotsOf(outcome.state, id), 0n);
    const allowed = this.allowed(call, judged);
    // a short lot is valued a unit lower, and each amount is rounded once
    expect(gained <= allowed + 2n * lots + 100n, `I-33: ${name} brings attackers ${gained}, not ${allowed}`).to.equal(true);
    if (allowed > 0n && gained > allowed / 2n) this.count(`near the bound: ${name}`);
  }

  /** What attackers may be paid for a call, WAD. */
  private allowed({ name, account, underlying, fraction, amount }: Call, judged: State): bigint {
    if (name === "shedFund") return this.discountOfShed(judged, underlying!, fraction!);
    if (name === "exchangeCollateral") return this.mostOfExchange(judged, account!, underlying!, amount!);
    if (name !== "liquidate" && name !== "liquidateTo") return 0n;
    expect(this.market.isBelow(judged, account!), `I-33: ${account} is sold above its line`).to.equal(true);
    // what an account owes that has nothing more is the fund's
    const owed = this.market.isAttacker(account!) ? max(-this.market.figures(judged, account!).value, 0n) : 0n;
    if (owed > 0n) this.count("an attacker owes more than it has");
    return owed + (name === "liquidate" ? this.rewardOf(judged, account!) : this.mostOfSale(judged, account!));
  }

  /** The keeper's share of the least discount, and a bounty for each position and collateral. */
  private rewardOf(state: State, id: AccountId): bigint {
    const { discountMin, keeperShare } = state.liquidation;
    const { margin } = this.market.figures(state, id);
    return (margin * discountMin * keeperShare) / (PPM * PPM) + this.bountyOf(state, id) + 10n;
  }

  private bountyOf(state: State, id: AccountId): bigint {
    const count = BigInt(this.market.heldOf(state, id).length + (state.accounts.get(id)?.collateral.size ?? 0));
    return max(count, 1n) * state.liquidation.bounty * 10n ** 14n;
  }

  /** The discount at the account's health, its haircuts and the bounties. */
  private mostOfSale(state: State, id: AccountId): bigint {
    const { discountMin, discountMax, grossDiscount } = state.liquidation;
    const { value, equity, margin, notional } = this.market.figures(state, id);
    const line = partUp(margin, termsAt(state.margin, state.now).maintenance);
    const missing = line === 0n ? WAD : WAD - min((max(equity, 0n) * WAD) / line, WAD);
    const ratio = discountMin * WAD + (discountMax - discountMin) * missing;
    const discount = max((margin * ratio) / (PPM * WAD), (notional * grossDiscount) / PPM);
    return discount + (value - equity) + this.bountyOf(state, id) + 10n + this.lotsOf(state, id);
  }

  /** An hour after the declaration 0.1 % of what is sold, and so on; at most 1 % and half the haircut. */
  private mostOfExchange(state: State, id: AccountId, token: number, amount: bigint): bigint {
    const since = state.accounts.get(id)!.exchangeSince;
    const haircut = state.collaterals[token]!.haircut.to;
    const most = min(10_000n, haircut / 2n) * 3_600n;
    const discount = min((state.now - since) * 1_000n, most);
    return (this.tokenWorth(state, token, amount) * discount) / (3_600n * PPM) + 10n;
  }

  /** What is left of the least discount when the keeper has had its share, of the margin without the size charge, as far as it has grown. */
  private discountOfShed(state: State, underlying: number, fraction: bigint): bigint {
    const { fundParameters, liquidation, now } = state;
    const { books, holdings } = portfolioOf(new Draft(state), accountIdOf(state.fund, BigInt(underlying + 1)));
    const terms = termsAt(state.margin, now);
    const book = books[0]!;
    const holding = holdings?.get(BigInt(underlying));
    const { total, sizeCharge } = holding === undefined ? bookMargin(book, terms, false) : liveMargin(holding, terms);
    const elapsed = min(now - state.underlyings[underlying]!.fund.inventorySince, fundParameters.shedTime);
    const grown = fundParameters.shedStart * fundParameters.shedTime + (PPM - fundParameters.shedStart) * elapsed;
    const most = liquidation.discountMin * (PPM - liquidation.keeperShare);
    return ((total - sizeCharge) * most * grown * fraction) / (PPM ** 3n * fundParameters.shedTime * WAD) + 10n;
  }

  private tokenWorth(state: State, token: number, amount: bigint): bigint {
    return token === SETTLEMENT ? amount : (amount * state.underlyings[token]!.price * 1_000n) / WAD;
  }

  /** Lots of all that an account holds. */
  private lotsOf(state: State, id: AccountId): bigint {
    return this.market.heldOf(state, id).reduce((sum, [, lots]) => sum + abs(lots), 0n);
  }

  /** Cash with funding, positions and collateral of an account in a state at the marks of another of the same time, WAD. */
  private worthOf(marks: State, state: State, id: AccountId): bigint {
    const account = state.accounts.get(id);
    if (account === undefined) return 0n;
    let worth = account.cash;
    for (const [u, { lots, fundingIndex }] of account.positions) {
      worth -= lots * (indexNow(state.underlyings[u]!, state.margin.tradingAge, state.now) - fundingIndex);
    }
    for (const [named, lots] of this.market.heldOf(state, id)) worth += lots * this.market.markOf(marks, named);
    for (const [token, amount] of account.collateral) worth += this.tokenWorth(marks, token, amount);
    return worth;
  }
}

describe("a vault at constant prices", function () {
  this.timeout(300_000);
  itWalks("I-33 who is above its line keeps what it has, whatever is posted of the last day and whatever attackers do", {
    seed: 331,
    steps: 450,
    make: (seed, count) => new ConstantPrices(seed, count),
    quotas: QUOTAS,
  });
});
