import { expect } from "chai";
import { network } from "hardhat";

describe("words of the ledger", () => {
  for (const [name, bits, signed] of [
    ["cash", 128n, true],
    ["lots", 48n, true],
    ["snapshot", 96n, true],
    ["fundingIndex", 96n, true],
    ["openInterest", 44n, false],
    ["cap", 44n, false],
    ["settlement", 128n, false],
    ["deficit", 127n, false],
  ] as const) {
    it(`H-24 ${name} takes the last value within its bits and refuses the first beyond`, async () => {
      const { ethers } = await network.create();
      const words = await ethers.deployContract("WordsHarness");
      const most = 2n ** (signed ? bits - 1n : bits) - 1n;
      const least = signed ? -most - 1n : 0n;
      for (const value of [least, least + 1n, 0n, 1n, most]) expect(await words[name](value), `${value}`).to.equal(value);
      await expect(words[name](most + 1n)).to.revert(ethers);
      if (signed) await expect(words[name](least - 1n)).to.revert(ethers);
    });
  }

  it("H-24 entryCost ends at the last value within its bits: no margin reads it, and a position that is worth more must not be immune", async () => {
    const { ethers } = await network.create();
    const words = await ethers.deployContract("WordsHarness");
    const most = 2n ** 95n - 1n;
    const least = -most - 1n;
    for (const value of [least, least + 1n, 0n, 1n, most]) expect(await words.entryCost(value), `${value}`).to.equal(value);
    for (const beyond of [most + 1n, 2n ** 255n - 1n]) expect(await words.entryCost(beyond), `${beyond}`).to.equal(most);
    for (const beyond of [least - 1n, -(2n ** 255n)]) expect(await words.entryCost(beyond), `${beyond}`).to.equal(least);
  });
});
