import { expect } from "chai";
import { describe, it } from "mocha";
import { accountIdOf } from "../../src/engine/types/accountId.ts";
import { AccountMap } from "../../src/engine/types/accountMap.ts";

const ownerOf = (i: number): string => `0x${(0xabcdef_00000000n + BigInt(i)).toString(16).padStart(40, "f")}`;

describe("AccountMap", () => {
  it("default: as a Map is, in the order in which accounts came", () => {
    const ids = [accountIdOf(ownerOf(1)), accountIdOf(ownerOf(1), 7n), accountIdOf(ownerOf(2), 2n ** 96n - 1n), 0n];
    const map = new AccountMap(ids.map((id, i) => [id, i]));
    expect([...map.keys()]).to.deep.equal(ids);
    expect([...map]).to.deep.equal([...new Map(ids.map((id, i) => [id, i]))]);
    expect(ids.map((id) => map.get(id))).to.deep.equal([0, 1, 2, 3]);
    expect(map.has(accountIdOf(ownerOf(3)))).to.equal(false);
    expect(map.delete(ids[1]!)).to.equal(true);
    expect(map.get(ids[1]!)).to.equal(undefined);
    const seen: bigint[] = [];
    map.forEach((_, id) => void seen.push(id));
    expect(seen).to.deep.equal([ids[0], ids[2], ids[3]]);
    expect(map.size).to.equal(3);
  });

  it("behavior: no slower with many, where a plain Map of them is one list", () => {
    const milliseconds = (map: Map<bigint, number>, count: number): number => {
      const started = process.cpuUsage();
      for (let i = 0; i < count; i++) map.set(accountIdOf(ownerOf(i)), i);
      return process.cpuUsage(started).user / 1_000;
    };
    // the least of a few: what else the process does in the meantime counts as well
    const least = (make: () => Map<bigint, number>): number => Math.min(...[1, 2, 3].map(() => milliseconds(make(), 4_000)));
    expect(least(() => new AccountMap())).to.be.lessThan(least(() => new Map()) / 3);
  });
});
