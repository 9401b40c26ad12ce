import { CLAIM_DELAY, CLAIM_TIME, CLAIM_WINDOW, COOL_DOWN, DAY, VIRTUAL } from "./fixture.ts";

const SCALE = 10n ** 12n; // WAD for a unit of a settlement token of six decimals

/** A fraction that is never rounded before it is asked for. */
const down = (a: bigint, b: bigint): bigint => a / b;
const up = (a: bigint, b: bigint): bigint => -(-a / b) + (a % b === 0n || a < 0n ? 0n : 1n);
const least = (...all: readonly bigint[]): bigint => all.reduce((a, b) => (a < b ? a : b));

/** An insurance fund without inventory and deficit, told as its rules are told: the twin of the contract's shares, vesting and tickets. Amounts are WAD. */
export class NaiveFund {
  cash = 0n;
  supply = 0n;
  /** What has been gained and is not paid out to redemptions yet, and when it will be. */
  private vesting = { net: 0n, unvested: 0n, from: 0n, end: 0n };
  private readonly shares = new Map<string, bigint>();
  private readonly tickets = new Map<string, { shares: bigint; maturity: bigint }>();
  private readonly claims = new Map<string, { shares: bigint; assets: bigint; filed: bigint }>();

  sharesOf(owner: string): bigint {
    return this.shares.get(owner) ?? 0n;
  }

  /** Shares that cool down, or that have matured and not lapsed. */
  ticketOf(owner: string, now: bigint): { shares: bigint; maturity: bigint } {
    const ticket = this.tickets.get(owner);
    return ticket === undefined || ticket.shares === 0n || now >= ticket.maturity + CLAIM_WINDOW ? { shares: 0n, maturity: 0n } : ticket;
  }

  /** What does not count for redemptions at `now`. */
  unvestedAt(now: bigint): bigint {
    const { net, unvested, from, end } = this.vesting;
    const left = now >= end ? 0n : up(unvested * (end - now), end - from);
    const change = this.cash - net;
    return least(change >= 0n ? left + change : left + change < 0n ? 0n : left + change, this.cash);
  }

  record(now: bigint): { net: bigint; unvested: bigint } {
    const { unvested: before, from, end } = this.vesting;
    const left = now >= end ? 0n : up(before * (end - now), end - from);
    const unvested = this.unvestedAt(now);
    const remaining = now >= end ? 0n : end - now;
    // a gain has a day of its own: the end is the mean of the ends, by amount
    const lasts = unvested > left ? up(left * remaining + (unvested - left) * DAY, unvested) : remaining;
    this.vesting = { net: this.cash, unvested, from: now, end: now + lasts };
    return { net: this.cash, unvested };
  }

  /** In units: what deposits are priced at, and redemptions. */
  private prices(now: bigint): { upper: bigint; lower: bigint } {
    return { upper: up(this.cash, SCALE), lower: down(this.cash - this.unvestedAt(now), SCALE) };
  }

  private get everyShare(): bigint {
    return this.supply + VIRTUAL;
  }

  deposit(owner: string, assets: bigint, now: bigint): bigint {
    this.record(now);
    const shares = down(assets * this.everyShare, this.prices(now).upper + 1n);
    this.take(owner, assets, shares);
    return shares;
  }

  mint(owner: string, shares: bigint, now: bigint): bigint {
    this.record(now);
    const assets = up(shares * (this.prices(now).upper + 1n), this.everyShare);
    this.take(owner, assets, shares);
    return assets;
  }

  request(owner: string, shares: bigint, now: bigint): void {
    this.tickets.set(owner, { shares: this.ticketOf(owner, now).shares + shares, maturity: now + COOL_DOWN });
  }

  cancel(owner: string): void {
    this.tickets.delete(owner);
  }

  /** A claim that waits, or can be paid. */
  claimOf(owner: string, now: bigint): { shares: bigint; assets: bigint; payableFrom: bigint } {
    const claim = this.claims.get(owner);
    if (claim === undefined || claim.shares === 0n || now >= claim.filed + CLAIM_DELAY + CLAIM_TIME) {
      return { shares: 0n, assets: 0n, payableFrom: 0n };
    }
    return { shares: claim.shares, assets: claim.assets, payableFrom: claim.filed + CLAIM_DELAY };
  }

  /** Claims shares of a matured ticket, for what they are worth now. */
  file(owner: string, shares: bigint, now: bigint): bigint {
    this.record(now);
    const assets = this.worth(shares, now);
    const ticket = this.tickets.get(owner)!;
    this.tickets.set(owner, { ...ticket, shares: ticket.shares - shares });
    this.claims.set(owner, { shares, assets, filed: now });
    return assets;
  }

  /** Shares that `owner` may redeem at `now`: of a claim that can be paid, as far as they are worth what it is for, and no more than there is. */
  mostRedeemed(owner: string, now: bigint): bigint {
    const { shares, assets, payableFrom } = this.claimOf(owner, now);
    if (shares === 0n || now < payableFrom) return 0n;
    const cash = down(this.cash, SCALE);
    const debit = this.worth(shares, now) > assets ? least(cash, assets) : cash;
    return least(shares, down(debit * this.everyShare, this.prices(now).lower + 1n));
  }

  worth(shares: bigint, now: bigint): bigint {
    return down(shares * (this.prices(now).lower + 1n), this.everyShare);
  }

  redeem(owner: string, shares: bigint, now: bigint): bigint {
    this.record(now);
    const assets = this.worth(shares, now);
    this.give(owner, assets, shares);
    return assets;
  }

  withdraw(owner: string, assets: bigint, now: bigint): bigint {
    this.record(now);
    const shares = up(assets * this.everyShare, this.prices(now).lower + 1n);
    this.give(owner, assets, shares);
    return shares;
  }

  private take(owner: string, assets: bigint, shares: bigint): void {
    this.change(owner, assets * SCALE, shares);
  }

  private give(owner: string, assets: bigint, shares: bigint): void {
    const claim = this.claims.get(owner)!;
    this.claims.set(owner, { ...claim, shares: claim.shares - shares, assets: claim.assets - assets });
    this.change(owner, -assets * SCALE, -shares);
  }

  /** What comes in is no gain, what goes out no loss. */
  private change(owner: string, cash: bigint, shares: bigint): void {
    this.cash += cash;
    this.vesting = { ...this.vesting, net: this.vesting.net + cash };
    this.supply += shares;
    this.shares.set(owner, this.sharesOf(owner) + shares);
  }
}
