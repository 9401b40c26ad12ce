/**
 * Which points no other is as good as in both figures and better in one; less is better in both. Equal points are all of them.
 * @returns their indices, the least x first
 * @throws RangeError when a figure is no number
 */
export function paretoFront(points: readonly { readonly x: number; readonly y: number }[]): number[] {
  for (const [i, { x, y }] of points.entries())
    if (!Number.isFinite(x) || !Number.isFinite(y)) throw new RangeError(`point ${i} is ${x}, ${y}`);
  const order = [...points.keys()].sort((a, b) => points[a]!.x - points[b]!.x || points[a]!.y - points[b]!.y || a - b);
  const front: number[] = [];
  for (const i of order) {
    const last = front.at(-1);
    if (last === undefined || points[i]!.y < points[last]!.y || (points[i]!.y === points[last]!.y && points[i]!.x === points[last]!.x))
      front.push(i);
  }
  return front;
}
