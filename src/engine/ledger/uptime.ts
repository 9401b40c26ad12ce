import { revert } from "../types/errors.ts";
import type { Draft } from "./draft.ts";
/**
 * Risk does not rise, nothing is paid out or liquidated while the sequencer is down or in its grace period.
 * @throws Reverted `SequencerNotUp`
 */
export function requireUp({ base: { outage } }: Draft): void {
  if (outage !== undefined) revert("SequencerNotUp", outage.since, outage.until);
}
