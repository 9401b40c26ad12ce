import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { AbiCoder } from "ethers";
import { expiryOf } from "../../src/engine/words/seriesWord.ts";
import { sliceFeed } from "../../src/keeper/sliceFeed.ts";
import type { DeploymentRecord } from "../../src/sdk/deploymentRecord.ts";
import { explainError } from "../../src/sdk/errors.ts";
import { isRetryable } from "../../src/sdk/rpc.ts";
import { openState } from "../helpers/engineSeries.ts";

const FEED = `0x${"ab".repeat(32)}`;
const RECORD = { underlyings: [{ symbol: "ETH", volatilityFeed: FEED }] } as unknown as DeploymentRecord;
const SECRET = "t0ken";

describe("sliceFeed", () => {
  const state = openState();
  const expiry = expiryOf(state.underlyings[0]?.series.get(1)?.word ?? 0n);
  const slice = {
    feed: FEED,
    expiry: Number(expiry),
    slice: `0x${"00".repeat(31)}12`,
    basis: -7,
    publishTime: "1700000000",
    signatures: ["0x1234"],
  };
  let [body, status] = ["", 200];
  const server = createServer((_, response) => response.writeHead(status).end(body));
  let place = "";

  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    place = `http://127.0.0.1:${(server.address() as AddressInfo).port}/slices.json?key=${SECRET}`;
  });
  after(() => void server.close());

  it("default: what is published at an address goes to the series of its feed and expiry", async () => {
    const others = [
      { ...slice, expiry: slice.expiry + 60 },
      { ...slice, feed: `0x${"cd".repeat(32)}` },
    ];
    [body, status] = [JSON.stringify([...others, slice]), 200];
    const offers = await sliceFeed(RECORD, place)(state);
    expect(offers).to.deep.equal([
      {
        underlying: 0,
        series: 1,
        report: { sliceWord: 0x12n, basis: -7n, publishTime: 1_700_000_000n },
        update: AbiCoder.defaultAbiCoder().encode(["uint256", "int256", "uint256", "bytes[]"], [0x12n, -7n, 1_700_000_000n, ["0x1234"]]),
      },
    ]);
  });

  it("behavior: what cannot be read is said in one line without the rest of the address, and may be read later", async () => {
    const wrong: [body: string, status: number, message: RegExp][] = [
      ["", 503, /^no slices can be read from 127\.0\.0\.1:\d+: it answers 503$/],
      ["{", 200, /is not JSON$/],
      ["{}", 200, /holds no slices/],
      [JSON.stringify([{ ...slice, slice: "0x12" }]), 200, /holds no slices: 0\.slice is not hexadecimal of the right length$/],
      [JSON.stringify([{ ...slice, basis: 0.5 }]), 200, /holds no slices: 0\.basis/],
    ];
    for (const [text, code, message] of wrong) {
      [body, status] = [text, code];
      const error: unknown = await sliceFeed(
        RECORD,
        place,
      )(state).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(explainError(error), text).to.match(message);
      expect(explainError(error)).to.not.include(SECRET);
      expect(isRetryable(error)).to.equal(true);
    }
  });
});
