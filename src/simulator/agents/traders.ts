import { fromPpb } from "../../engine/types/fixedPoint.ts";
import type { AccountId, State } from "../../engine/types/types.ts";
import type { Stream } from "../numbers/stream.ts";
import { deposit, type Trader } from "../world/population.ts";
import type { World } from "../world/world.ts";
import { type Acts, type Agent, NOTHING, type Sending, type Surroundings, tokens, type View } from "./agent.ts";
import type { Makers } from "./makers.ts";

/** When traders do something about their accounts. */
export interface TraderTerms {
  /** Health, E / MM, at which they do: above one. */
  readonly health: number;
  /** Seconds that it takes them on average; exponential. */
  readonly reaction: number;
  /** What a defender puts in, as a part of what it brought at first. */
  readonly added: number;
}

const FEE = 1;
const GAS = 150_000;
const FUNDING_PROVISION = 0.0075;
/** Who stands nearer than this to where he acts when he opens acts on the first move of this size, a part of the price. */
const NEAREST = 0.005;

/** A trader and the price at which it acts, of one unit. */
interface Trigger {
  readonly trader: Trader;
  readonly price: number;
  readonly delay: number;
}

/**
 * Where everybody acts; by underlying, and whether by a fall or by a rise, the first to act first: a look costs what happens, and not what there is. Made once for a
 * vault, and the same in all its paths.
 */
export function triggersOf(
  state: State,
  traders: readonly Trader[],
  { health, reaction }: TraderTerms,
  stream: Stream,
): readonly (readonly Trigger[])[] {
  const triggers = state.underlyings.flatMap(() => [[], []] as [Trigger[], Trigger[]]);
  for (const trader of traders) {
    const delay = Math.round(reaction * stream.exponential());
    if (trader.strategy !== "defend" && trader.strategy !== "cut") continue;
    const price = priceAtHealth(state, trader, health);
    if (price === undefined) continue;
    triggers[2 * trader.underlying + (trader.lots > 0n ? 0 : 1)]!.push({ trader, price, delay });
  }
  return triggers.map((each, side) =>
    each.sort((a, b) => (side % 2 === 0 ? b.price - a.price : a.price - b.price) || (a.trader.account < b.trader.account ? -1 : 1)),
  );
}

/** The price of a unit at which E = health · MM, without the charge for size; undefined where there is none. */
function priceAtHealth(state: State, { account: id, underlying, lots, collateral }: Trader, health: number): number | undefined {
  const market = state.underlyings[underlying]!;
  const scale = Number(10n ** market.lotExponent);
  const price = tokens(market.price) * scale;
  const cash = tokens(state.accounts.get(id)!.cash);
  const position = Number(lots) / scale;
  const brought = tokens(collateral);
  const haircut = brought === 0 ? 0 : Number(state.collaterals.find((each) => each.underlying === BigInt(underlying))!.haircut.to) / 1e6;
  const provision = Number(state.margin.provision.to) / 1e6;
  const margin =
    Math.abs(position + brought) * tokens(fromPpb(market.heldRange)) +
    Math.abs(position) * FUNDING_PROVISION +
    (Math.abs(position) + brought) * provision;
  const maintenance = (margin * Number(state.margin.maintenance.to)) / 1e6;
  const at = cash / (health * maintenance - position - brought * (1 - haircut));
  if (!(at > 0)) return undefined;
  return lots > 0n ? Math.min(at, price * (1 - NEAREST)) : Math.max(at, price * (1 + NEAREST));
}

/** Traders while prices move: some put money in when their line is near, some sell half, most do nothing. */
export class Traders implements Agent {
  readonly name = "traders";
  private readonly around: Surroundings;
  private readonly triggers: readonly (readonly Trigger[])[];
  private readonly next: number[];
  private readonly makers: Makers;
  private readonly terms: TraderTerms;

  constructor(around: Surroundings, triggers: readonly (readonly Trigger[])[], makers: Makers, terms: TraderTerms) {
    this.around = around;
    this.triggers = triggers;
    this.next = triggers.map(() => 0);
    this.makers = makers;
    this.terms = terms;
  }

  update(_: View): Acts {
    const { spots } = this.around;
    let send: Sending[] | undefined;
    for (const [side, triggers] of this.triggers.entries()) {
      const { price } = spots[side >> 1]!;
      for (;;) {
        const trigger = triggers[this.next[side]!];
        if (trigger === undefined || (side % 2 === 0 ? price > trigger.price : price < trigger.price)) break;
        this.next[side]!++;
        send ??= [];
        send.push({ fee: FEE, gas: GAS, delay: trigger.delay, run: (world) => this.act(world, trigger.trader) });
      }
    }
    return send === undefined ? NOTHING : { send };
  }

  record(receipts: readonly { readonly outcome: string }[]): void {
    for (const { outcome } of receipts) if (outcome !== "done") this.around.journal.refusedTrades++;
  }

  private act(world: World, { account, underlying, worth, strategy }: Trader): void {
    const owner = addressOf(account);
    if (strategy === "defend") {
      const added = BigInt(Math.round(tokens(worth) * this.terms.added * 1e6)) * 10n ** 12n;
      world.transact((draft) => deposit(draft, owner, added));
      return;
    }
    const lots = world.state.accounts.get(account)?.positions.get(underlying)?.lots ?? 0n;
    if (lots / 2n === 0n) return;
    this.makers.fill(world, account, underlying, -(lots / 2n));
  }
}

const addressOf = (account: AccountId): string => `0x${(account >> 96n).toString(16).padStart(40, "0")}`;
