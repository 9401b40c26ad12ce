/**
 * A failure that a person can mend: one line that says what is wrong, and how to put it right.
 * @example
 * try {
 *   await connect(rpc, { ...record, contracts: { ...record.contracts, vault: wallet.address } });
 * } catch (error) {
 *   if (error instanceof Failure) error.mend // "deploy again, or start plimsoll devnet"
 * }
 */
export class Failure extends Error {
  override readonly name: string = "Failure";
  readonly mend: string | undefined;

  constructor(message: string, mend?: string) {
    super(message);
    this.mend = mend;
  }

  /** Whether the same attempt may succeed later. */
  get retryable(): boolean {
    return false;
  }
}

/**
 * The arguments or an input file are wrong: commands answer it with one line and exit code 2.
 * @example
 * try {
 *   parseDecimal("1e3");
 * } catch (error) {
 *   error instanceof BadInput // true
 * }
 */
export class BadInput extends Failure {
  override readonly name: string = "BadInput";
}

/** A failure that may pass: the same attempt may succeed later. */
export class PassingFailure extends Failure {
  override readonly name: string = "PassingFailure";

  override get retryable(): boolean {
    return true;
  }
}
