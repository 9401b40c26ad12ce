import { expect } from "chai";
import { WAD } from "../../src/engine/types/fixedPoint.ts";
import { stageRows } from "../../src/simulator/demoSummary.ts";
import { recordLosses, STAGES } from "../../src/simulator/lossStages.ts";

const said = (name: string, args: Record<string, unknown>) => ({ name, block: 1, args });

describe("stages of the order of losses", () => {
  it("default: each stage has when it was first reached, how often and its exact sum", () => {
    const recorder = recordLosses(7n);
    recorder.take(
      100,
      [said("Liquidated", { account: 1n }), said("ShortfallCovered", { account: 1n, payer: 8n, amount: 3n * WAD })],
      10n * WAD,
    );
    recorder.take(200, [said("FundToppedUp", { underlying: 0n, amount: 5n * WAD }), said("Sold", { account: 8n })], 10n * WAD);
    const short = { account: 2n, instrument: 0n, lots: -4n, price: 12n * WAD, level: (11n * WAD) / 10n };
    recorder.take(300, [said("Deleveraged", short), said("Deleveraged", { ...short, lots: -1n })], 10n * WAD);
    recorder.take(
      400,
      [said("DeficitAdded", { account: 3n, amount: 2n * WAD }), said("DeficitAdded", { account: 3n, amount: 1n })],
      10n * WAD,
    );
    recorder.take(500, [said("DeficitAdded", { account: 3n, amount: 0n })], WAD);
    const losses = recorder.losses();
    expect(losses.stages.map(({ stage }) => stage)).to.deep.equal([...STAGES]);
    expect(losses.stages.map(({ reached }) => reached)).to.deep.equal([100, 100, 200, 200, 300, 400]);
    expect(losses.stages.map(({ times }) => times)).to.deep.equal([1, 1, 1, 1, 2, 3]);
    expect(losses.stages.map(({ amount }) => amount && Number(amount))).to.deep.equal([null, 3, 5, null, 10, 2]);
    expect(losses.stages[5]?.amount).to.equal("2.000000000000000001");
    expect([losses.accountsClosed, losses.closed.length]).to.deep.equal([1, 2]);
    expect(stageRows(losses)[4]?.[1]).to.match(/1 accounts, 5 lots, on average at .*20\.00/);
  });

  it("behavior: what the stake pays for others is drawn from the stake, and what was not reached says so", () => {
    const recorder = recordLosses(7n);
    recorder.take(100, [said("ShortfallCovered", { account: 1n, payer: 7n, amount: WAD })], WAD);
    const rows = stageRows(recorder.losses());
    expect(rows.map(([, value]) => value === "not reached")).to.deep.equal([true, true, false, true, true, true]);
  });
});
