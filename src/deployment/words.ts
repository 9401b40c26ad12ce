import { parameterIndex } from "../engine/math/bounds.ts";

/** Where a parameter lies in its packed word: first bit, bits; `twice` where a ramp stores it as from and to, side by side. */
interface Field {
  readonly offset: bigint;
  readonly width: bigint;
  readonly twice?: boolean;
}

type Layout = Readonly<Record<string, Field>>;

// As documented in contracts/words.
export const MARGIN_WORD: Layout = {
  Maintenance: { offset: 0n, width: 24n, twice: true },
  Provision: { offset: 48n, width: 24n, twice: true },
  InterMonth: { offset: 96n, width: 24n, twice: true },
  TradingAge: { offset: 184n, width: 16n },
  LiquidationAge: { offset: 200n, width: 8n },
  OpenInterestCharge: { offset: 208n, width: 24n },
  GainLock: { offset: 232n, width: 24n },
};

export const LIQUIDATION_WORD: Layout = {
  Recovery: { offset: 0n, width: 24n },
  DiscountMin: { offset: 24n, width: 24n },
  DiscountMax: { offset: 48n, width: 24n },
  GrossDiscount: { offset: 72n, width: 24n },
  KeeperShare: { offset: 96n, width: 24n },
  FundShare: { offset: 120n, width: 24n },
  Bounty: { offset: 144n, width: 48n },
  SmallestNotional: { offset: 192n, width: 32n },
};

export const FUND_WORD: Layout = {
  TopUp: { offset: 0n, width: 32n },
  EpochLength: { offset: 32n, width: 32n },
  ShedTime: { offset: 64n, width: 32n },
  ShedStart: { offset: 96n, width: 24n },
  FundPerOpenInterest: { offset: 120n, width: 24n },
  BountyCap: { offset: 144n, width: 48n },
  StakeCap: { offset: 192n, width: 24n },
};

/** Of the word of a fund account. */
export const FUND_ACCOUNT_WORD: Layout = { FundWeight: { offset: 208n, width: 24n } };

export const TRADING_WORD: Layout = {
  FillBand: { offset: 0n, width: 24n },
  PositionCap: { offset: 24n, width: 48n },
  OpenInterestCap: { offset: 72n, width: 44n },
  FeeCap: { offset: 156n, width: 24n },
};

export const VOLATILITY_WORD: Layout = {
  RangeMultiple: { offset: 0n, width: 32n },
  Horizon: { offset: 32n, width: 32n },
  RangeFloor: { offset: 64n, width: 32n },
  RangeCap: { offset: 96n, width: 32n },
  SigmaFloor: { offset: 128n, width: 32n },
};

export const GUARD_WORD: Layout = {
  AgreementBand: { offset: 56n, width: 24n },
  Band: { offset: 80n, width: 24n },
  WidestBand: { offset: 104n, width: 24n },
};

/** `width` bits of `word` from bit `offset`. */
export function bits(word: bigint, offset: bigint, width: bigint): bigint {
  return (word >> offset) & ((1n << width) - 1n);
}

/** The packed word that holds `values`, by their names in the table of parameters; nothing ramps. Throws a RangeError where one does not fit. */
export function pack(layout: Layout, values: Readonly<Record<string, bigint>>): bigint {
  return Object.entries(layout).reduce((word, [name, { offset, width, twice }]) => {
    const value = values[name];
    if (value === undefined) throw new RangeError(`${name} (${parameterIndex(name)}) is missing`);
    if (value < 0n || value >= 1n << width) throw new RangeError(`${name} ${value} does not fit ${width} bits`);
    return word | (value << offset) | (twice === true ? value << (offset + width) : 0n);
  }, 0n);
}

/** The fields of a packed word by name; of a ramp its target, and `<name> from` where the ramp starts elsewhere. */
export function unpack(layout: Layout, word: bigint): Record<string, bigint> {
  return Object.fromEntries(
    Object.entries(layout).flatMap(([name, { offset, width, twice }]): [string, bigint][] => {
      const stored = bits(word, offset, width);
      if (twice !== true) return [[name, stored]];
      const target = bits(word, offset + width, width);
      return target === stored
        ? [[name, target]]
        : [
            [name, target],
            [`${name} from`, stored],
          ];
    }),
  );
}
