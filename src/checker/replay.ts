import { type Account, type Books, bits, figuresOf, followSeries, movesOf, type Series } from "./pricing.ts";

/** Who gains (+) or loses (-) which argument of an event; a third word names the argument that says of what, otherwise it is cash. */
const EFFECTS: Readonly<Record<string, string>> = {
  Deposited: "+account amount token",
  Withdrawn: "-account debited token", // and dust to the fund, below
  Transferred: "-from amount token, +to amount token",
  Filled:
    "+taker lots instrument, -taker cost, -taker takerFee, -maker lots instrument, +maker cost, -maker makerFee, +fund takerFee, +fund makerFee",
  Moved: "-account lots instrument, +account cash, +taker lots instrument, -taker cash", // within Liquidated and Sold
  CollateralSold: "-account amount token, +taker amount token",
  CollateralExchanged: "-account amount token, +account cash, +buyer amount token, -buyer cash",
  Liquidated: "+keeper reward, -account reward",
  BountyFunded: "+account amount, -fund amount",
  DiscountShared: "-account amount, +fund amount",
  ShortfallCovered: "+account amount, -payer amount",
  DeficitAdded: "+account amount",
  FundToppedUp: "-fund amount, +fundAccount amount",
  ShortfallReduced: "+fundAccount amount",
  DeficitRefilled: "-fund amount",
  Deleveraged: "-account lots instrument, +account cost, +fundAccount lots instrument, -fundAccount cost",
  DeleveragePaid: "+account amount, -fund amount",
};
export const NOTHING = { lots: 0n, index: 0n };
const UNPOSTED = { price: 0n, priceTime: 0n, normal: false, range: 0n, index: 0n, indexTime: 0n, rate: 0n, variance: 0n };
const emptyAccount = (): Account => ({ cash: 0n, holdings: new Map(), tokens: new Map() });
/** The books as the vault's events tell them. Nothing here is shared with the engine. */
export class Replay implements Books {
  readonly accounts = new Map<bigint, Account>();
  private readonly markets = new Map<number, typeof UNPOSTED>();
  readonly series = new Map<number, Series>();
  deficit = 0n;
  now = 0n;
  private reduced = 0n;
  readonly words: Books["words"];
  private readonly fund: bigint;
  constructor(words: Books["words"], fund: bigint) {
    [this.words, this.fund] = [words, fund << 96n];
  }
  account = (id: bigint) => this.accounts.get(id) ?? this.accounts.set(id, emptyAccount()).get(id) ?? emptyAccount();
  market = (u: number) => this.markets.get(u) ?? this.markets.set(u, { ...UNPOSTED }).get(u) ?? UNPOSTED;
  /** Cumulative funding of a lot now: rate · price over eight hours since it was written, no longer than the price is good for trading. */
  indexOf(u: number): bigint {
    const { index, indexTime, rate, price, priceTime, normal } = this.market(u);
    const good = priceTime + bits(this.words.margin, 184, 16);
    const until = this.now < good ? this.now : good;
    return normal && until > indexTime ? index + (rate * price * (until - indexTime)) / (28_800n * 1_000_000_000n) : index;
  }
  /** Applies one event of the vault that happens at `this.now`; a sale says what `moved`. */
  apply(name: string, args: Readonly<Record<string, bigint>>, moved = "0x"): void {
    for (const move of movesOf(args, moved, this.fund)) this.apply("Moved", move);
    const market = this.market(Number(args.underlying ?? 0n));
    const underlying = args.underlying ?? bits(args.instrument ?? 0n, 0, 8);
    const made = { cost: (args.lots ?? 0n) * (args.price ?? 0n), fund: this.fund, fundAccount: this.fund + underlying + 1n };
    const a: Record<string, bigint> = { ...args, ...made };
    const n = (key: string): bigint => a[key] ?? 0n;
    for (const effect of EFFECTS[name]?.split(", ") ?? []) {
      const [who = "", key = "", kind = ""] = effect.slice(1).split(" ");
      const [account, amount, what] = [this.account(n(who)), effect.startsWith("-") ? -n(key) : n(key), Number(n(kind))];
      if (kind === "" || (kind === "token" && what === 255)) account.cash += amount;
      else if (kind === "token") account.tokens.set(what, (account.tokens.get(what) ?? 0n) + amount);
      else if (amount !== 0n) {
        const [held, index] = [account.holdings.get(what) ?? NOTHING, what > 255 ? 0n : this.indexOf(what)];
        account.cash -= held.lots * (index - held.index);
        account.holdings.set(what, { lots: held.lots + amount, index: held.lots + amount === 0n ? 0n : index });
      }
    }
    const dust = n("debited") - n("paid") - this.reduced;
    if (name === "Withdrawn" && dust > 0n) this.account(this.fund).cash += dust;
    this.reduced = name === "Withdrawn" ? 0n : this.reduced + (/^(Deficit|Shortfall)Reduced$/.test(name) ? n("amount") : 0n);
    this.deficit += (name === "DeficitAdded" ? 1n : -BigInt(/^Deficit(Reduced|Refilled)$/.test(name))) * n("amount");
    if (name === "FundingRateSet" || name === "PricePosted") Object.assign(market, { index: n("fundingIndex"), indexTime: this.now });
    if (name === "FundingRateSet") market.rate = n("ratePpb");
    const accepted = name === "PricePosted" && (n("state") === 0n || n("publishTime") > market.priceTime);
    if (name === "Sampled") market.variance = n("fastVariance") > n("slowVariance") ? n("fastVariance") : n("slowVariance");
    const posted = { price: n("price"), priceTime: n("publishTime"), normal: n("state") === 0n, range: n("heldRange") };
    if (name === "PricePosted") Object.assign(market, posted);
    followSeries(this, name, a, accepted);
  }
  figures = (id: bigint) => figuresOf(this, this.account(id));
}
