import { expect } from "chai";
import type { ContractTransactionResponse } from "ethers";
import { describe, it } from "mocha";
import { DAY, SeriesWorld } from "../../helpers/seriesWorld.ts";

describe("gas of series", () => {
  it("default: ten strikes cost what docs/options.md says", async () => {
    const world = await SeriesWorld.create();
    const gasOf = async (sent: Promise<ContractTransactionResponse>): Promise<number> => Number((await (await sent).wait())?.gasUsed);
    const figures: Record<string, number> = {};
    const listing = await world.listing();
    figures.list = await gasOf(world.vault.listSeries(0, listing));
    await world.postSlice(1, await world.report(listing.expiry));
    figures.alone = await gasOf(world.postSlice(1, await world.report(listing.expiry)));
    await world.post();
    await world.vault.refreshSeries(0, 1);
    await world.post(undefined, (await world.now()) + 60n);
    figures.refresh = await gasOf(world.vault.refreshSeries(0, 1));
    for (const [series, expiry] of [
      [2, listing.expiry - 10n * DAY],
      [3, listing.expiry + 30n * DAY],
    ] as const) {
      await world.list({ series, expiry });
      await world.postSlice(series, await world.report(expiry));
    }
    figures.between = await gasOf(world.postSlice(1, await world.report(listing.expiry)));
    if (process.env.PLIMSOLL_SHOW !== undefined) console.log(figures);
    // measured, with a hundredth of room
    for (const [name, measured] of Object.entries({ list: 140_000, alone: 133_200, between: 240_700, refresh: 415_700 })) {
      expect(figures[name], name).to.be.closeTo(measured, measured / 100);
    }
  });
});
