/** One parameter as an ABI describes it. */
export type AbiParameter = {
  readonly name: string;
  readonly type: string;
  /** The type in the source: tells `Wad` from `Lots` where both are int256. */
  readonly internalType?: string;
  readonly components?: readonly AbiParameter[];
  /** Of an event. */
  readonly indexed?: boolean;
};

/** A function, event or error as an ABI describes it. */
export type AbiEntry = {
  readonly type: string;
  readonly name?: string;
  readonly inputs?: readonly AbiParameter[];
  readonly outputs?: readonly AbiParameter[];
  readonly stateMutability?: string;
  readonly anonymous?: boolean;
};
