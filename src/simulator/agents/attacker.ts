import { figuresOf } from "../../sdk/standing.ts";
import type { Receipt } from "../world/block.ts";
import { ATTACKER_NUMBER, deposit, partyOf, tokensToWad } from "../world/population.ts";
import type { World } from "../world/world.ts";
import { type Acts, type Agent, NOTHING, type Sending, type Surroundings, tokens, type View } from "./agent.ts";
import type { Makers } from "./makers.ts";

/** Somebody who moves the spot price to be paid by the vault. */
export interface AttackerTerms {
  /** What it sells (or buys) on the spot market, settlement tokens. */
  readonly budget: number;
  readonly down: boolean;
  /** Notional of its position in the vault, settlement tokens. */
  readonly position: number;
  /** Seconds after the beginning of the path at which it opens, what the push takes, and how long it waits before it goes back. */
  readonly start: number;
  readonly push: number;
  readonly hold: number;
}

/** Orders that the budget is split into. */
const SLICES = 10;
/** What it deposits for its position, as a part of that. */
const MARGIN = 0.5;
const FEE = 50;
const GAS = 200_000;

/** Opens a position in the vault, moves the spot price of the first underlying that way, and takes both back: what it gains is the vault's loss, what it loses is its slippage. */
export class Attacker implements Agent {
  readonly name = "attacker";
  private readonly around: Surroundings;
  private readonly terms: AttackerTerms;
  private readonly makers: Makers;
  private readonly began: number;
  private pushed = 0;
  private returned = 0;
  private opened = false;
  private closed = false;
  private units = 0;
  private spotCash = 0;
  private deposited = 0n;

  constructor(around: Surroundings, terms: AttackerTerms, makers: Makers, began: number) {
    this.around = around;
    this.terms = terms;
    this.makers = makers;
    this.began = began;
  }

  update({ time }: View): Acts {
    const { start, push, hold } = this.terms;
    const since = time - this.began - start;
    if (since < 0) return { send: [], wake: this.began + start };
    const slice = Math.max(push / SLICES, 1);
    const back = push + hold;
    const send: Sending[] = [];
    if (!this.opened) {
      this.opened = true;
      send.push({ fee: FEE, gas: GAS, delay: 0, run: (world) => this.open(world) });
    }
    while (this.pushed < SLICES && since >= this.pushed * slice) this.push();
    while (this.returned < SLICES && since >= back + this.returned * slice) this.giveBack();
    if (this.returned === SLICES && !this.closed) {
      this.closed = true;
      send.push({ fee: FEE, gas: GAS, delay: 0, run: (world) => this.close(world) });
    }
    if (this.closed) return send.length === 0 ? NOTHING : { send };
    const next = this.pushed < SLICES ? this.pushed * slice : back + this.returned * slice;
    return { send, wake: this.began + start + next };
  }

  record(receipts: readonly Receipt[]): void {
    for (const { outcome } of receipts) if (outcome === "reverted") this.around.journal.refusedTrades++;
  }

  /** What it has made, settlement tokens, with what it still holds at the mark. */
  profit(): number {
    const { world, spots } = this.around;
    const { account } = partyOf(ATTACKER_NUMBER);
    if (!this.opened) return 0;
    const { value } = figuresOf(world.state, account);
    return tokens(value - this.deposited) + this.spotCash + this.units * spots[0]!.price;
  }

  private open(world: World): void {
    const { owner, account } = partyOf(ATTACKER_NUMBER);
    const { price } = world.state.underlyings[0]!;
    const lots = BigInt(Math.floor(this.terms.position / tokens(price)));
    if (lots === 0n) return;
    const margin = tokensToWad(this.terms.position * MARGIN);
    world.transact((draft) => deposit(draft, owner, margin));
    this.deposited = margin;
    this.makers.fill(world, account, 0, this.terms.down ? -lots : lots);
  }

  private close(world: World): void {
    const { account } = partyOf(ATTACKER_NUMBER);
    const lots = world.state.accounts.get(account)?.positions.get(0)?.lots ?? 0n;
    if (lots !== 0n) this.makers.fill(world, account, 0, -lots);
  }

  private push(): void {
    this.pushed++;
    this.order((this.terms.down ? -1 : 1) * (this.terms.budget / SLICES));
  }

  private giveBack(): void {
    const { price } = this.around.spots[0]!;
    this.order((-this.units / (SLICES - this.returned)) * price);
    this.returned++;
  }

  private order(amount: number): void {
    const spot = this.around.spots[0]!;
    const { price } = spot;
    const cost = spot.trade(amount);
    this.units += amount / price;
    this.spotCash -= amount + cost;
  }
}
