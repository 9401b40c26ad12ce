/** The books as the vault's events tell them, and margin recomputed from the design's formulas. Nothing here is shared with the engine. */
const WAD = 10n ** 18n;
const MOVES = [0n, 10n, -10n, 20n, -20n, 30n, -30n, 21n, -21n]; // thirtieths of the scan range; the extremes are damped
const ceil = (a: bigint, b: bigint): bigint => (a > 0n ? (a + b - 1n) / b : a / b);
const size = (a: bigint): bigint => (a < 0n ? -a : a);
const bits = (word: bigint, from: number, count: number): bigint => (word >> BigInt(from)) & ((1n << BigInt(count)) - 1n);

/** Who gains (+) or loses (-) which argument of an event; a third word names the argument that says of what, otherwise it is cash. */
const EFFECTS: Readonly<Record<string, string>> = {
  Deposited: "+account amount token",
  Withdrawn: "-account debited token", // and dust to the fund, below
  Transferred: "-from amount token, +to amount token",
  Filled:
    "+taker lots instrument, -taker cost, -taker takerFee, -maker lots instrument, +maker cost, -maker makerFee, +fund takerFee, +fund makerFee",
  Sold: "-account lots underlying, +account cash, +taker lots underlying, -taker cash",
  CollateralSold: "-account amount token, +taker amount token",
  CollateralExchanged: "-account amount token, +account cash, +buyer amount token, -buyer cash",
  Liquidated: "+keeper reward, -account reward",
  BountyFunded: "+account amount, -fund amount",
  DiscountShared: "-account amount, +fund amount",
  ShortfallCovered: "+account amount, -payer amount",
  DeficitAdded: "+account amount",
  FundToppedUp: "-fund amount, +fundAccount amount",
  DeficitRefilled: "-fund amount",
};

export const NOTHING = { lots: 0n, index: 0n };
const UNPOSTED = { price: 0n, priceTime: 0n, normal: false, range: 0n, index: 0n, indexTime: 0n, rate: 0n };
const emptyAccount = () => ({ cash: 0n, holdings: new Map<number, typeof NOTHING>(), tokens: new Map<number, bigint>() });
export class Replay {
  readonly accounts = new Map<bigint, ReturnType<typeof emptyAccount>>();
  readonly markets = new Map<number, typeof UNPOSTED>();
  deficit = 0n;
  now = 0n;
  private reduced = 0n;
  private readonly words: { readonly margin: bigint; readonly prices: readonly bigint[]; readonly collaterals: readonly bigint[] };
  private readonly fund: bigint;
  constructor(words: Replay["words"], fund: bigint) {
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

  /** Applies one event of the vault that happens at `this.now`. */
  apply(name: string, args: Readonly<Record<string, bigint>>): void {
    const market = this.market(Number(args.underlying ?? 0n));
    const made = { cost: (args.lots ?? 0n) * (args.price ?? 0n), fund: this.fund, fundAccount: this.fund + (args.underlying ?? 0n) + 1n };
    const a: Record<string, bigint> = { ...args, ...made };
    const n = (key: string): bigint => a[key] ?? 0n;
    for (const effect of EFFECTS[name]?.split(", ") ?? []) {
      const [who = "", key = "", kind = ""] = effect.slice(1).split(" ");
      const [account, amount, what] = [this.account(n(who)), effect.startsWith("-") ? -n(key) : n(key), Number(n(kind))];
      if (kind === "" || (kind === "token" && what === 255)) account.cash += amount;
      else if (kind === "token") account.tokens.set(what, (account.tokens.get(what) ?? 0n) + amount);
      else if (amount !== 0n) {
        const [held, index] = [account.holdings.get(what) ?? NOTHING, this.indexOf(what)];
        account.cash -= held.lots * (index - held.index);
        account.holdings.set(what, { lots: held.lots + amount, index: held.lots + amount === 0n ? 0n : index });
      }
    }
    const dust = n("debited") - n("paid") - this.reduced;
    if (name === "Withdrawn" && dust > 0n) this.account(this.fund).cash += dust;
    this.reduced = name === "DeficitReduced" ? n("amount") : 0n;
    this.deficit += (name === "DeficitAdded" ? n("amount") : 0n) - (name === "DeficitRefilled" ? n("amount") : 0n) - this.reduced;
    if (name === "FundingRateSet" || name === "PricePosted") Object.assign(market, { index: n("fundingIndex"), indexTime: this.now });
    if (name === "FundingRateSet") market.rate = n("ratePpb");
    const posted = { price: n("price"), priceTime: n("publishTime"), normal: n("state") === 0n, range: n("heldRange") };
    if (name === "PricePosted") Object.assign(market, posted);
  }

  /** Market value, equity and maintenance margin of an account now, at the posted prices and held scan ranges. */
  figures(id: bigint): { readonly value: bigint; readonly equity: bigint; readonly maintenance: bigint } {
    const [{ margin, prices, collaterals }, account] = [this.words, this.account(id)];
    const ramp = (word: bigint, from: number, end: bigint): bigint => {
      const [a, b, left] = [bits(word, from, 24), bits(word, from + 24, 24), end - this.now];
      return left <= 0n ? b : left >= 259_200n ? a : (a * left + b * (259_200n - left)) / 259_200n;
    };
    const [mu, provision, interMonth] = [0, 48, 96].map((from) => ramp(margin, from, bits(margin, 144, 40))) as [bigint, bigint, bigint];
    let [value, haircuts, im] = [account.cash, 0n, 0n];
    const worth = new Map<number, bigint>();
    for (const [token, amount] of account.tokens) {
      const [word, u] = [collaterals[token] ?? 0n, Number(bits(collaterals[token] ?? 0n, 168, 8))];
      const held = (amount * this.market(u).price * 10n ** bits(prices[u] ?? 0n, 240, 8)) / WAD;
      worth.set(u, (worth.get(u) ?? 0n) + held);
      haircuts += ceil(held * ramp(word, 176, bits(word, 224, 32)), 1_000_000n);
    }
    for (const u of new Set([...account.holdings.keys(), ...worth.keys()])) {
      const [{ lots, index }, { price, range }, held] = [account.holdings.get(u) ?? NOTHING, this.market(u), worth.get(u) ?? 0n];
      const [line, gross] = [lots * price, size(lots * price)];
      value += line + held - lots * (this.indexOf(u) - index);
      im += MOVES.map((by) => ceil(-(line + held) * range * by, 30n * WAD)).reduce((a, b) => (b > a ? b : a), 0n);
      if (line < 0n) im += ceil((gross < held ? gross : held) * interMonth, 1_000_000n);
      im += ceil((gross + held) * provision, 1_000_000n) + ceil(gross * 75n, 10_000n);
      if (lots !== 0n) im += ceil(gross * size(lots), bits(prices[u] ?? 0n, 200, 40));
    }
    return { value, equity: value - haircuts, maintenance: ceil(im * mu, 1_000_000n) };
  }
}
