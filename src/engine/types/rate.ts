/** What a collateral token is worth in its underlying or in the settlement token, as stored. Times are unix seconds. */
export interface TokenRate {
  readonly rate: bigint; // of one token, WAD
  readonly read: bigint; // when its source was last read
  readonly fallen: bigint; // when it last fell
  readonly risen: bigint; // when it last rose
  readonly reading: bigint; // one that waits to be read again, WAD
  readonly readingTime: bigint; // when it was read, 0: none waits
  readonly peak: bigint; // the highest from which it fell lately, WAD; 0: none
  readonly peakTime: bigint;
  readonly bound: bigint; // how far it may rise in a day, ppm
}

/** What of a strategy's shares could be redeemed at once, hour by hour. */
export interface Redeemable {
  readonly samples: readonly bigint[]; // of 24 hours, by hour modulo 24, in 250ths of the cap of governance
  readonly hour: bigint; // of the newest, whole hours since 1970
  readonly reading: bigint; // a lower one that waits to be read again, 250ths of the cap
  readonly readingTime: bigint; // unix seconds, 0: none waits
}
