/** Series as events tell them, and what accounts are worth and need, from docs/margin.md and docs/options.md: in floating point where an option is priced. */
const WAD = 10n ** 18n;
const LINE_MOVES = [0n, 10n, -10n, 20n, -20n, 30n, -30n, 21n, -21n]; // thirtieths of the scan range; the extremes are damped
const MOVES = [0, 0, 0, 1, 1, -1, -1, 2, 2, -2, -2, 3, 3, -3, -3, 6, -6]; // thirds of the range in scenarios 0 to 16, extremes not damped yet
const [YEAR, DAY, FUTURE] = [31_536_000, 86_400, 127];
const [WINDOW, LONGEST_HOLD, FEED_HOLDS, STEP, STEPS] = [1_800n, 180n, 3_600n, 900n, 96n];
const ceil = (a: bigint, b: bigint): bigint => (a > 0n ? (a + b - 1n) / b : a / b);
export const size = (a: bigint): bigint => (a < 0n ? -a : a);
export const bits = (word: bigint, from: number, count: number): bigint => (word >> BigInt(from)) & ((1n << BigInt(count)) - 1n);
type Args = Readonly<Record<string, bigint>>;
/** What an event says, with what the word of a sale says: fraction 64 | reward 128 | whether the keeper took what was sold 1. */
export function saidOf(args: Args): Args {
  const { sale } = args;
  return sale === undefined ? args : { ...args, fraction: bits(sale, 0, 64), reward: bits(sale, 64, 128), taken: bits(sale, 192, 1) };
}
/** What a sale moved, one by one: of each underlying a word (8 | lots 48 | words that follow 16 | cash 184), then options and dated futures (16 | lots 45 | 3), four a word. */
export function movesOf(args: Args, moved: string, fund: bigint): Args[] {
  let [underlying, left] = [0n, 0n];
  const move = (instrument: bigint, lots: bigint, cash: bigint): Args => {
    const taker = args.taker ?? (args.taken === 1n ? args.keeper : undefined) ?? fund + underlying + 1n;
    return { account: args.account ?? 0n, taker, instrument, lots, cash };
  };
  return (moved.slice(2).match(/.{64}/g) ?? []).flatMap((hex) => {
    const word = BigInt(`0x${hex}`);
    if (left === 0n) {
      [underlying, left] = [bits(word, 0, 8), bits(word, 56, 16)];
      return [move(underlying, BigInt.asIntN(48, word >> 8n), BigInt.asIntN(184, word >> 72n))];
    }
    left--;
    const four = [0, 64, 128, 192].map((at) => bits(word, at, 64)).filter((place) => place !== 0n);
    return four.map((place) => move((bits(place, 0, 16) << 8n) | underlying, BigInt.asIntN(45, place >> 16n), 0n));
  });
}

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const signed = (word: bigint, from: number, count: number): number => Number(BigInt.asIntN(count, word >> BigInt(from)));

/** What an account has, and what of the books pricing reads. */
export type Account = {
  cash: bigint;
  readonly holdings: Map<number, { lots: bigint; index: bigint }>;
  readonly tokens: Map<number, bigint>;
};
export type Books = {
  readonly series: Map<number, Series>;
  readonly now: bigint;
  readonly words: Readonly<Record<"prices" | "volatilities" | "collaterals", readonly bigint[]>> & { readonly margin: bigint };
  readonly account: (id: bigint) => Account;
  readonly market: (u: number) => { readonly price: bigint; readonly range: bigint; readonly variance: bigint; readonly normal: boolean };
  indexOf(u: number): bigint;
};

/** A series as its events tell it: listing, slice, the average it settles on, and the price that the vault said. */
export type Series = { [key in keyof typeof UNLISTED]: bigint };
const LISTING = { expiry: 0n, base: 0n, step: 0n, decimals: 0n, depth: 0n };
export const UNLISTED = {
  ...LISTING,
  sliceWord: 0n,
  basis: 0n,
  publishTime: 0n,
  sum: 0n,
  seconds: 0n,
  lastTime: 0n,
  counts: 0n, // from when on the last price does: its block, not when it says that it was published
  lastPrice: 0n,
  told: 0n,
};

/** Sum and seconds of the average with its last price held until `time`. */
function counted({ sum, seconds, lastTime, counts, lastPrice, expiry }: Series, time: bigint) {
  const [from, until] = [counts > expiry - WINDOW ? counts : expiry - WINDOW, least(time, lastTime + LONGEST_HOLD)];
  const held = until > from ? least(until - from, WINDOW - seconds) : 0n;
  return { sum: sum + held * lastPrice, seconds: seconds + held };
}

/** Takes a price that the vault accepted at `now` into the average. */
function observe(series: Series, price: bigint, time: bigint, now: bigint): void {
  if (now < series.expiry - WINDOW || time <= series.lastTime || counted(series, now).seconds === WINDOW) return;
  Object.assign(series, counted(series, now), { lastTime: time, counts: now, lastPrice: price });
}

/** The price that a series settles on, undefined until it stands. */
function settlementOf(series: Series, now: bigint): bigint | undefined {
  const { sum, seconds } = counted(series, now);
  return seconds === WINDOW ? sum / WINDOW : undefined;
}

const strikeOf = ({ base, step, decimals }: Series, index: number): bigint => (base + BigInt(index) * step) * 10n ** decimals;

/** What a lot of an instrument (bit 0 the right, 1 to 7 the strike) pays at a settlement price. */
function payoffOf(series: Series, instrument: number, settlement: bigint): bigint {
  const [index, call] = [(instrument >> 1) & FUTURE, (instrument & 1) === 1];
  if (index === FUTURE) return settlement;
  const gain = call ? settlement - strikeOf(series, index) : strikeOf(series, index) - settlement;
  return gain > 0n ? gain : 0n;
}

/** By underlying (bits 0 to 7) and number (from bit 8 on), as an instrument has them. */
const seriesIn = (instrument: number): number => (instrument & 255) | ((instrument >> 16) << 8);

/** Applies one event to the series, and to who is paid for one. @param accepted of a price */
export function followSeries(books: Books, name: string, args: Readonly<Record<string, bigint>>, accepted: boolean): void {
  const { underlying = 0n, series: number = 0n, price = 0n, publishTime = 0n, account = 0n } = args;
  const key = Number(underlying + (number << 8n));
  const before = books.series.get(key);
  // a series whose number is another's is kept under one that no instrument has
  if (name === "SeriesListed" && before !== undefined) books.series.set(-books.series.size, before);
  if (name === "SeriesListed") books.series.set(key, { ...UNLISTED, ...args });
  const series = books.series.get(key);
  if (series !== undefined && name === "SlicePosted") Object.assign(series, args);
  if (series !== undefined && name === "SeriesSettled") series.told = price;
  for (const [of, each] of accepted ? books.series : []) if (BigInt(of & 255) === underlying) observe(each, price, publishTime, books.now);
  if (name !== "SeriesPaid") return;
  const { holdings } = books.account(account);
  for (const [instrument, { lots }] of holdings) {
    if (seriesIn(instrument) !== key) continue;
    books.account(account).cash += lots * worthOf(books, instrument);
    holdings.delete(instrument);
  }
}

/** What a lot of something in a series that has settled pays; of anything else the price of the underlying, the same for both sides. */
export function worthOf({ series, now, market }: Books, instrument: number): bigint {
  const own = series.get(seriesIn(instrument)) ?? UNLISTED;
  const settlement = settlementOf(own, now);
  return settlement === undefined ? market(instrument & 255).price : payoffOf(own, (instrument >> 8) & 255, settlement);
}

/** How many series did not settle on what their posts say. */
export function disagreements({ series, now }: Books): number {
  return [...series.values()].filter((each) => each.told !== 0n && each.told !== settlementOf(each, now)).length;
}

/** The price of an underlying and what is forecast for it. Variances in 1e-10 a year. */
type Spot = { readonly price: bigint; readonly range: bigint; readonly variance: bigint };

/** What the instruments of a series are priced with at one moment: prices in units, times in seconds. */
function quoteOf(series: Series, { price, range, variance }: Spot, now: bigint) {
  const silent = now - series.publishTime - FEED_HOLDS;
  const steps = silent > 0n ? least(ceil(silent, STEP), STEPS) : 0n;
  const whole = STEPS * 10n ** 9n;
  const [live, opening] = [(price * (whole + series.basis * (STEPS - steps))) / whole, series.expiry - WINDOW];
  const known = now > opening ? counted(series, now) : { sum: 0n, seconds: 0n };
  const left = WINDOW - known.seconds;
  const [forward, moving] = [(known.sum + left * live) / WINDOW, (left * live) / WINDOW];
  const time = now > opening ? 600 * (Number(left) / 1800) ** 3 * (Number(live) / Number(forward)) ** 2 : Number(opening - now) + 600;
  const unit = 10n ** 11n; // a series keeps its range in 1e-7, rounded up
  const own = (ceil(ceil(range * moving, forward), unit) * unit * 10n ** 9n) / WAD;
  const [gone, span, word] = [Number(steps) / 96, Number(opening - series.publishTime) + 600, series.sliceWord];
  const a = (signed(word, 0, 54) / 1e14) * (1 - gone) + ((Number(variance) * 1e-10 * span) / YEAR) * gone;
  const b = (Number(bits(word, 54, 48)) / 1e14) * (1 - gone);
  const [rho, m, sigma] = [signed(word, 102, 48) / 1e14, signed(word, 150, 50) / 1e14, Number(bits(word, 200, 50)) / 1e14];
  const volatility = (far: number): number => {
    const k = Math.max(-10, Math.min(10, far));
    return Math.sqrt((Math.max(a + b * (rho * (k - m) + Math.hypot(k - m, sigma)), 1e-12) * YEAR) / span);
  };
  return { forward: Number(forward), moving: Number(moving), range: Number(own) / 1e9, time, volatility };
}

/** The normal distribution, to 1e-15: φ(z)·(z + z³/3 + z⁵/15 + …) from the middle. */
function normal(z: number): number {
  if (Math.abs(z) > 8.5) return z > 0 ? 1 : 0;
  let [total, term] = [z, z];
  for (let odd = 3; Math.abs(term) > 1e-17 * Math.abs(total); odd += 2) {
    term *= (z * z) / odd;
    total += term;
  }
  return 0.5 + (total * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI);
}

function blackCall(forward: number, strike: number, deviation: number): number {
  const d = Math.log(forward / strike) / deviation + deviation / 2;
  return forward * normal(d) - strike * normal(d - deviation);
}

type Quote = ReturnType<typeof quoteOf>;
type Held = { readonly instrument: number; readonly lots: bigint; readonly series: Series; readonly quote: Quote };

/** What a lot is worth at the mark and in the scenarios, extremes not damped: Black (1976) on the side out of the money, the other by parity. */
function valuesOf({ instrument, series, quote }: Held): number[] {
  const { forward, range, time, volatility } = quote;
  const [index, call] = [(instrument >> 1) & FUTURE, (instrument & 1) === 1];
  const moved = MOVES.map((thirds) => forward * (1 + (range * thirds) / 3));
  if (index === FUTURE) return moved;
  const strike = Number(strikeOf(series, index));
  const implied = volatility(Math.log(strike / forward));
  const days = Math.max(time / DAY, 1);
  const shock = (30 / days) ** (days > 30 ? 0.13 : 0.3);
  const up = Math.min(implied * (1 + 0.5 * shock), Math.max(implied, 5));
  const down = Math.max(implied * (1 - 0.3 * shock), Math.min(implied, 0.01));
  return moved.map((at, k) => {
    const [row, lowest] = [k === 0 || k > 14 ? implied : k % 2 === 1 ? up : down, Math.max(at, forward / 2 ** 20)];
    const black = blackCall(lowest, strike, row * Math.sqrt(time / YEAR));
    const stored = strike >= forward ? black : black - lowest + strike;
    return stored + (call === strike >= forward ? 0 : call ? at - strike : strike - at);
  });
}

/** The dollar delta of each tenor, nearest first: b of what is matched, and 2·b for each year between two neighbours of what is matched across. */
function interMonthOf(exposures: readonly { readonly tenor: number; readonly delta: number }[], b: number): number {
  const sorted = [...exposures].sort((x, y) => x.tenor - y.tenor);
  const deltas = sorted.map(({ delta }) => delta);
  const matched = (values: readonly number[]): number => sum(values.map(Math.abs)) - Math.abs(sum(values));
  const gaps = sorted.slice(1).map(({ tenor }, i) => {
    const years = (Math.min(tenor, YEAR) - Math.min(sorted[i]?.tenor ?? 0, YEAR)) / YEAR;
    return 2 * years * matched([sum(deltas.slice(0, i + 1)), sum(deltas.slice(i + 1))]);
  });
  return (b * (matched(deltas) + sum(gaps))) / 2;
}

/** Ratios of a margin computation in ppm, and what an account holds on one underlying, market values in units. */
type Terms = { readonly provision: bigint; readonly interMonth: bigint };
type Holding = {
  readonly lots: bigint;
  readonly price: bigint;
  readonly range: bigint;
  readonly depth: bigint;
  readonly collateral: bigint;
};

/**
 * What series are worth and IM of everything on one underlying; exact where it holds nothing in series that have not settled. Otherwise the vault rounds prices and
 * forwards of a lot to at most 60 units of 1e-18, which is 6e-14 of a lot worth 1e-3 tokens, and ours are within some 1e-15 of the forward: the tolerance is 1e-13 of what
 * is held, gross. A test against the engine finds a hundredth of it.
 */
function marginOf({ lots, price, range, depth, collateral }: Holding, dated: readonly Held[], { provision, interMonth }: Terms) {
  const [perpetual, gross] = [lots * price, size(lots * price)];
  let im = ceil((gross + collateral) * provision, 1_000_000n) + ceil(gross * 75n, 10_000n);
  if (lots !== 0n) im += ceil(gross * size(lots), depth);
  if (dated.length === 0) {
    im += LINE_MOVES.map((by) => ceil(-(perpetual + collateral) * range * by, 30n * WAD)).reduce((a, b) => (b > a ? b : a), 0n);
    if (perpetual < 0n) im += ceil(least(gross, collateral) * interMonth, 1_000_000n);
    return { value: 0n, im, tolerance: 0n };
  }
  const [r, line, b] = [Number(range) / 1e18, Number(perpetual + collateral), Number(interMonth) / 1e6];
  const values = dated.map((held) => valuesOf(held).map((value) => value * Number(held.lots)));
  const totals = MOVES.map((thirds, k) => line * (1 + (r * thirds) / 3) + sum(values.map((each) => each[k] ?? 0)));
  const mark = totals[0] ?? 0;
  const scan = Math.max(...totals.map((total, k) => (mark - total) * (k > 14 ? 0.35 : 1)));
  let [along, calls, puts, naked, notional, charge] = [line, 0, 0, 0, 0, 0];
  const exposures = [perpetual, collateral].map((delta) => ({ tenor: 0, delta: Number(delta) }));
  // from the last expiry to the first: what expires covers nothing that outlives it
  const latestFirst = [...new Set(dated.map((held) => held.series))].sort((x, y) => Number(y.expiry - x.expiry));
  for (const [i, series] of latestFirst.entries()) {
    const own = dated.flatMap((held, i) => (held.series === series ? [{ ...held, own: values[i] ?? [] }] : []));
    const { forward, moving, range: narrowed, time } = own[0]?.quote ?? { forward: 0, moving: 0, range: 1, time: 0 };
    const gained = sum(own.map(({ own }) => (own[3] ?? 0) - (own[5] ?? 0)));
    exposures.push({ tenor: Math.floor(time), delta: (gained / (forward * narrowed * (2 / 3))) * moving });
    const held = sum(own.map(({ lots }) => Math.abs(Number(lots))));
    [notional, charge] = [notional + held * forward, charge + (held * held * forward) / Number(series.depth)];
    for (const { instrument, lots } of own) {
      const index = (instrument >> 1) & FUTURE;
      const strike = Number(strikeOf(series, index));
      if (index === FUTURE) along += Number(lots) * forward;
      else if ((instrument & 1) === 1) calls += Number(lots) * forward * Math.min(1, forward / strike);
      else puts += Number(lots) * Math.min(forward, strike);
    }
    if (latestFirst[i + 1]?.expiry !== series.expiry) naked = Math.max(naked, -calls - Math.max(along, 0), -puts - Math.max(-along, 0));
  }
  const others = interMonthOf(exposures, b) + (notional * Number(provision)) / 1e6 + charge;
  const units = (amount: number): bigint => BigInt(Math.round(amount));
  const tolerance = units((notional + Number(gross + collateral)) * 1e-13);
  return { value: units(sum(values.map(([value = 0]) => value))), im: im + units(Math.max(scan, (r / 4) * naked) + others), tolerance };
}

/**
 * Market value, equity and maintenance margin of an account now, at the posted prices and held scan ranges, and how far they may be off; `certain` where all prices are good.
 */
export function figuresOf(books: Books, account: Account) {
  const { words, now } = books;
  const ramp = (word: bigint, from: number, end: bigint): bigint => {
    const [a, b, left] = [bits(word, from, 24), bits(word, from + 24, 24), end - now];
    return left <= 0n ? b : left >= 259_200n ? a : (a * left + b * (259_200n - left)) / 259_200n;
  };
  const [mu, provision, interMonth] = [0, 48, 96].map((from) => ramp(words.margin, from, bits(words.margin, 144, 40))) as [
    bigint,
    bigint,
    bigint,
  ];
  let [value, haircuts, im, tolerance, certain] = [account.cash, 0n, 0n, 0n, true];
  const worth = new Map([...account.holdings.keys()].map((instrument) => [instrument & 255, 0n]));
  for (const [token, amount] of account.tokens) {
    const word = words.collaterals[token] ?? 0n;
    const u = Number(bits(word, 168, 8));
    const held = (amount * books.market(u).price * 10n ** bits(words.prices[u] ?? 0n, 240, 8)) / WAD;
    worth.set(u, (worth.get(u) ?? 0n) + held);
    haircuts += ceil(held * ramp(word, 176, bits(word, 224, 32)), 1_000_000n);
  }
  for (const [u, collateral] of worth) {
    const [{ lots, index }, { price, range, variance, normal }] = [account.holdings.get(u) ?? { lots: 0n, index: 0n }, books.market(u)];
    const floor = ceil(bits(words.volatilities[u] ?? 0n, 128, 32) ** 2n, 100n);
    const dated: Held[] = [];
    for (const [named, { lots }] of account.holdings) {
      const series = books.series.get(seriesIn(named));
      if (series === undefined || (named & 255) !== u || lots === 0n) continue;
      const quote = quoteOf(series, { price, range, variance: variance > floor ? variance : floor }, now);
      if (settlementOf(series, now) === undefined) dated.push({ instrument: (named >> 8) & 255, lots, series, quote });
      else value += lots * worthOf(books, named);
    }
    const holding = { lots, price, range, depth: bits(words.prices[u] ?? 0n, 200, 40), collateral };
    const needs = marginOf(holding, dated, { provision, interMonth });
    value += lots * price + collateral - lots * (books.indexOf(u) - index) + needs.value;
    [im, tolerance, certain] = [im + needs.im, tolerance + needs.tolerance, certain && normal];
  }
  return { value, equity: value - haircuts, maintenance: ceil(im * mu, 1_000_000n), tolerance, certain };
}
