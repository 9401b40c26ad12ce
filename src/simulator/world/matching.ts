/**
 * Which short each long takes how much from, in the order of both. No short begins with less than `smallest`, which would leave it with too small an
 * account: the short before it then keeps some for the next long.
 */
export function matchSides(longs: readonly bigint[], shorts: readonly bigint[], smallest: bigint): { short: number; lots: bigint }[][] {
  const queue = shorts.map((left, short) => ({ short, left, fresh: true }));
  return longs.map((lots) => {
    const matches: { short: number; lots: bigint }[] = [];
    for (let wanted = lots; wanted > 0n; ) {
      const head = queue[0];
      const last = matches.at(-1);
      if (head === undefined) throw new RangeError("the shorts are fewer than the longs");
      let part = head.left < wanted ? head.left : wanted;
      wanted -= part;
      if (head.fresh && part < smallest && last !== undefined && last.lots >= 2n * smallest) {
        const kept = smallest - part;
        last.lots -= kept;
        queue.unshift({ short: last.short, left: kept, fresh: false });
        part = smallest;
      }
      matches.push({ short: head.short, lots: part });
      head.left -= part;
      head.fresh = false;
      if (head.left === 0n) queue.splice(queue.indexOf(head), 1);
    }
    return matches;
  });
}
