import { expect } from "chai";
import { inconsistency, PARAMETERS, parameterIndex, RAMP_DURATION } from "../../../src/engine/math/bounds.ts";
import { deployGovernance, errors, ethers, initial, initialWords, listing, networkHelpers, now, priceWord } from "./setup.ts";

type Setting = readonly [name: string, value: bigint];

/** What has to be set first so that an end of a parameter's range breaks none of the inequalities. */
const COMPANIONS: Readonly<Record<string, { readonly least?: readonly Setting[]; readonly most?: readonly Setting[] }>> = {
  // the fee stays payable out of the smallest discount, the bounty out of the smallest account
  Maintenance: { least: [["Provision", 10_000n]] },
  Provision: {
    least: [
      ["FeeCap", 200n],
      ["Bounty", 500n],
      ["GrossDiscount", 800n],
    ],
  },
  InterMonth: { most: [["RangeFloor", 100_000_000n]] },
  TradingAge: { least: [["LiquidationAge", 5n]] },
  DiscountMin: { most: [["DiscountMax", 500_000n]] },
  DiscountMax: { least: [["DiscountMin", 5_000n]] },
  GrossDiscount: {
    least: [
      ["FeeCap", 125n],
      ["Bounty", 0n],
    ],
    most: [["Provision", 50_000n]],
  },
  KeeperShare: { most: [["FeeCap", 0n]] },
  FundShare: { least: [["FeeCap", 0n]] },
  Bounty: { most: [["SmallestNotional", 10_000n]] },
  SmallestNotional: { least: [["Bounty", 0n]] },
  FeeCap: {
    most: [
      ["Provision", 20_000n],
      ["KeeperShare", 100_000n],
      ["FundShare", 900_000n],
      ["GrossDiscount", 6_000n],
    ],
  },
  RangeFloor: { most: [["RangeCap", 500_000_000n]] },
  RangeCap: { least: [["RangeFloor", 10_000_000n]] },
  Haircut: {
    most: [
      ["RangeFloor", 20_000_000n],
      ["RangeCap", 60_000_000n],
    ],
  },
  AgreementBand: { most: [["WidestBand", 500_000n]] },
  WidestBand: { least: [["Band", 1_000n]] },
};

describe("Bounds", () => {
  it("I-25 H-68 the contract's table is the engine's, row by row", async () => {
    const { config } = await networkHelpers.loadFixture(deployGovernance);
    for (const [index, row] of PARAMETERS.entries()) {
      const [least, most, ramped] = await config.bounds(index);
      expect([row.name, least, most, ramped]).to.deep.equal([row.name, row.least, row.most, row.ramped]);
      expect(row.least <= row.initial && row.initial <= row.most, row.name).to.equal(true);
    }
    // the enumeration has no further member: the decoder refuses it
    await expect(config.bounds(PARAMETERS.length)).to.revert(ethers);
  });

  for (const [index, row] of PARAMETERS.entries()) {
    it(`I-25 H-68 ${row.name}: below the least and above the most revert, both ends are stored`, async () => {
      const { vault, governed } = await networkHelpers.loadFixture(deployGovernance);
      if (row.least > 0n) {
        await expect(governed.setParameter(index, 0, row.least - 1n))
          .to.be.revertedWithCustomError(errors, "ParameterOutOfBounds")
          .withArgs(index, row.least - 1n, row.least, row.most);
      }
      await expect(governed.setParameter(index, 0, row.most + 1n))
        .to.be.revertedWithCustomError(errors, "ParameterOutOfBounds")
        .withArgs(index, row.most + 1n, row.least, row.most);
      for (const end of ["least", "most"] as const) {
        const snapshot = await networkHelpers.takeSnapshot();
        for (const [name, value] of COMPANIONS[row.name]?.[end] ?? []) {
          await governed.setParameter(parameterIndex(name), 0, value);
          // companions that ramp count only when they have arrived
          await networkHelpers.time.increase(RAMP_DURATION);
        }
        const before = await Promise.all(PARAMETERS.map((_, other) => vault.read(other, 0)));
        const tx = await governed.setParameter(index, 0, row[end]);
        await networkHelpers.time.increase(RAMP_DURATION);
        // through the getters of the words: the setter met the field, all of it, and no other
        for (const [other, value] of before.entries()) {
          expect(await vault.read(other, 0), PARAMETERS[other]!.name).to.equal(other === index ? row[end] : value);
        }
        const logs = (await tx.wait())!.logs.map((log) => vault.interface.parseLog(log)).filter((log) => log?.name === "ParameterSet");
        expect(logs.length).to.equal(1);
        expect([...logs[0]!.args].slice(0, 3)).to.deep.equal([BigInt(index), 0n, row[end]]);
        await snapshot.restore();
      }
    });
  }

  it("each parameter belongs to something listed, and those of the whole vault have index 0", async () => {
    const { vault, governed } = await networkHelpers.loadFixture(deployGovernance);
    for (const [index, row] of PARAMETERS.entries()) {
      const call = governed.setParameter(index, 1, row.initial);
      if (row.scope === "vault") await expect(call).to.be.revertedWithCustomError(vault, "IndexNotZero").withArgs(index, 1);
      else if (row.scope === "underlying") await expect(call).to.be.revertedWithCustomError(errors, "UnknownUnderlying").withArgs(1);
      else await expect(call).to.be.revertedWithCustomError(errors, "UnknownToken").withArgs(1);
    }
  });

  it("construction refuses words out of bounds, with stray bits, with a ramp, or inconsistent", async () => {
    const { manager, settlement, libraries, vault } = await networkHelpers.loadFixture(deployGovernance);
    const factory = await ethers.getContractFactory("GovernanceHarness", { libraries });
    const deploy = async (words: [bigint, bigint, bigint]) =>
      factory.deploy(await manager.getAddress(), await settlement.getAddress(), words);
    for (const [index, row] of PARAMETERS.entries()) {
      if (row.scope !== "vault") continue;
      const wrong = row.least > 0n ? row.least - 1n : row.most + 1n;
      await expect(deploy(initialWords({ [row.name]: wrong })), row.name)
        .to.be.revertedWithCustomError(errors, "ParameterOutOfBounds")
        .withArgs(index, wrong, row.least, row.most);
    }
    const [margin, liquidation, fund] = initialWords();
    await expect(deploy([margin | (1n << 144n), liquidation, fund])).to.be.revertedWithCustomError(vault, "WordMalformed");
    await expect(deploy([margin ^ 1n, liquidation, fund])).to.be.revertedWithCustomError(vault, "WordMalformed");
    await expect(deploy([margin, liquidation | (1n << 224n), fund])).to.be.revertedWithCustomError(vault, "WordMalformed");
    await expect(deploy([margin, liquidation, fund | (1n << 216n)])).to.be.revertedWithCustomError(vault, "WordMalformed");
    await expect(deploy(initialWords({ LiquidationAge: 31n, TradingAge: 30n })))
      .to.be.revertedWithCustomError(errors, "ParametersInconsistent")
      .withArgs(parameterIndex("LiquidationAge"));
    const noCode = "0x000000000000000000000000000000000000dEaD";
    await expect(factory.deploy(noCode, await settlement.getAddress(), initialWords())).to.be.revertedWithCustomError(
      vault,
      "AuthorityHasNoCode",
    );
  });

  describe("inequalities", () => {
    const breaks: readonly { readonly says: string; readonly by: Setting; readonly after?: readonly Setting[]; readonly names: string }[] =
      [
        { says: "a price too old to trade on is never young enough to liquidate on", by: ["TradingAge", 59n], names: "LiquidationAge" },
        { says: "the discount never shrinks with distance below the line", by: ["DiscountMax", 49_999n], names: "DiscountMin" },
        { says: "the range's floor is not above its cap", by: ["RangeCap", 49_999_999n], names: "RangeFloor" },
        {
          says: "two sources agree within the widest band",
          by: ["AgreementBand", 100_000n],
          after: [["WidestBand", 90_000n]],
          names: "AgreementBand",
        },
        { says: "the band starts within its widest", by: ["WidestBand", 19_999n], names: "Band" },
        { says: "H-84 O-12 D at the line is at most half of maintenance", by: ["GrossDiscount", 2_001n], names: "GrossDiscount" },
        { says: "H-34 taking one's own account costs at least the fee of trading out", by: ["FeeCap", 501n], names: "FeeCap" },
        { says: "H-34 so does it with a smaller share of the fund", by: ["FundShare", 249_999n], names: "FeeCap" },
        { says: "H-44 being one's own keeper costs at least fee and half spread", by: ["KeeperShare", 550_001n], names: "KeeperShare" },
        { says: "H-44 the bounty of the smallest account included", by: ["Bounty", 3_501n], names: "KeeperShare" },
        { says: "H-44 however small that is", by: ["SmallestNotional", 142n], after: [], names: "KeeperShare" },
      ];
    for (const { says, by, after, names } of breaks) {
      it(`${says}: ${by[0]} = ${by[1]} is refused, one nearer is not`, async () => {
        const { governed } = await networkHelpers.loadFixture(deployGovernance);
        for (const [name, value] of after ?? []) await governed.setParameter(parameterIndex(name), 0, value);
        await expect(governed.setParameter(parameterIndex(by[0]), 0, by[1]))
          .to.be.revertedWithCustomError(errors, "ParametersInconsistent")
          .withArgs(parameterIndex(names));
        const nearer = names === "AgreementBand" ? 90_000n : by[1] + (by[1] > initial(by[0]) ? -1n : 1n);
        await governed.setParameter(parameterIndex(by[0]), 0, nearer);
      });
    }

    it("H-77 weights leave a tenth to nobody: their sum is at most 0.9", async () => {
      const { governed, stands } = await networkHelpers.loadFixture(deployGovernance);
      await governed.listUnderlying(listing(stands.slice(0, 1), stands[3]!, { FundWeight: 300_000n }));
      const weight = parameterIndex("FundWeight");
      await expect(governed.setParameter(weight, 0, 600_001n))
        .to.be.revertedWithCustomError(errors, "ParametersInconsistent")
        .withArgs(weight);
      await governed.setParameter(weight, 0, 600_000n);
      await expect(governed.listUnderlying(listing(stands.slice(0, 1), stands[3]!, { FundWeight: 1n })))
        .to.be.revertedWithCustomError(errors, "ParametersInconsistent")
        .withArgs(weight);
      await governed.setParameter(weight, 1, 0n);
      await governed.setParameter(weight, 0, 900_000n);
    });

    it("the least value under way counts while a ratio ramps", async () => {
      const { governed } = await networkHelpers.loadFixture(deployGovernance);
      // provisions rise to 5 %: then c = 2 % would be allowed, but for three days they are less
      await governed.setParameter(parameterIndex("Provision"), 0, 50_000n);
      await expect(governed.setParameter(parameterIndex("GrossDiscount"), 0, 20_000n)).to.be.revertedWithCustomError(
        errors,
        "ParametersInconsistent",
      );
      await networkHelpers.time.increase(RAMP_DURATION);
      await governed.setParameter(parameterIndex("GrossDiscount"), 0, 20_000n);
    });

    it("H-84 a hedge needs no more than its two sides apart, at the least range that holds, a third of it where there are series", async () => {
      const { vault, governed, stands } = await networkHelpers.loadFixture(deployGovernance);
      const set = (value: bigint) => governed.setParameter(parameterIndex("InterMonth"), 0, value);
      const refused = (sent: Promise<unknown>) =>
        expect(sent).to.be.revertedWithCustomError(errors, "ParametersInconsistent").withArgs(parameterIndex("InterMonth"));
      await refused(set(100_001n));
      await set(100_000n);
      await networkHelpers.time.increase(RAMP_DURATION);
      await refused(governed.setParameter(parameterIndex("RangeFloor"), 0, 49_999_999n));
      // raised floors count when the held range has followed
      await vault.plantPrice(0, priceWord({ price: 10n ** 15n, time: await now(), held: 50_000_000n }));
      await governed.setParameter(parameterIndex("RangeFloor"), 0, 100_000_000n);
      await refused(set(100_001n));
      await vault.plantPrice(0, priceWord({ price: 10n ** 15n, time: await now(), held: 100_000_000n }));
      await set(200_000n);
      await refused(governed.setVolatilitySource(0, stands[0]!));
      // on the way down it is still what it was
      await set(66_666n);
      await refused(governed.setVolatilitySource(0, stands[0]!));
      await networkHelpers.time.increase(RAMP_DURATION);
      await governed.setVolatilitySource(0, stands[0]!);
      await refused(set(66_667n));
    });

    it("H-84 a deposit never puts an account below its line: a haircut leaves what margin rises by", async () => {
      const { governed } = await networkHelpers.loadFixture(deployGovernance);
      // 1 − 0.8·(0.35 + 0.005 + 3·0.0175) = 0.674
      const set = (value: bigint) => governed.setParameter(parameterIndex("Haircut"), 0, value);
      await expect(set(674_001n)).to.be.revertedWithCustomError(errors, "ParametersInconsistent").withArgs(parameterIndex("Haircut"));
      await set(674_000n);
      await expect(governed.setParameter(parameterIndex("RangeCap"), 0, 351_000_000n))
        .to.be.revertedWithCustomError(errors, "ParametersInconsistent")
        .withArgs(parameterIndex("Haircut"));
    });

    it("the engine judges random sets as the contract does", async () => {
      const { manager, settlement, libraries, governor, stands } = await networkHelpers.loadFixture(deployGovernance);
      const factory = await ethers.getContractFactory("GovernanceHarness", { libraries });
      const names = ["Maintenance", "Provision", "InterMonth", "DiscountMin", "GrossDiscount", "KeeperShare", "FundShare", "Bounty"];
      let state = 20_260_101n;
      const random = (least: bigint, most: bigint): bigint => {
        state = (state * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n) % 2n ** 64n;
        return least + ((state >> 20n) % (most - least + 1n));
      };
      const seen = new Map<string, number>();
      for (let round = 0; round < 60; round++) {
        // near the initial values, or nearly every set would fail the same way
        const overrides: Record<string, bigint> = { DiscountMax: 500_000n, SmallestNotional: random(400n, 2_000n) };
        for (const name of names) {
          const row = PARAMETERS[parameterIndex(name)]!;
          const value = random((row.initial * 6n) / 10n, (row.initial * 16n) / 10n);
          overrides[name] = value;
          if (value < row.least) overrides[name] = row.least;
          if (value > row.most) overrides[name] = row.most;
        }
        overrides.Provision = random(4_500n, 20_000n);
        overrides.KeeperShare = random(400_000n, 700_000n);
        overrides.InterMonth = random(17_500n, 50_000n);
        overrides.Bounty = random(0n, 4_000n);
        const feeCap = random(100n, 900n);
        const rangeFloor = random(10_000_000n, 30_000_000n);
        const value = (name: string): bigint => overrides[name] ?? initial(name);
        const expected = inconsistency({
          provision: value("Provision"),
          interMonth: value("InterMonth"),
          rangeFloor,
          hasSeries: false,
          maintenance: value("Maintenance"),
          discountMin: value("DiscountMin"),
          grossDiscount: value("GrossDiscount"),
          keeperShare: value("KeeperShare"),
          fundShare: value("FundShare"),
          bounty: value("Bounty"),
          smallestNotional: value("SmallestNotional"),
          feeCap,
        });
        const vault = await factory.deploy(await manager.getAddress(), await settlement.getAddress(), initialWords(overrides));
        await manager.setTargetFunctionRole(await vault.getAddress(), [vault.interface.getFunction("listUnderlying").selector], 1n);
        const call = vault
          .connect(governor!)
          .listUnderlying(listing(stands.slice(0, 2), stands[3]!, { FeeCap: feeCap, RangeFloor: rangeFloor, lotExponent: 5n }));
        if (expected === undefined) await call;
        else {
          await expect(call).to.be.revertedWithCustomError(errors, "ParametersInconsistent").withArgs(parameterIndex(expected));
        }
        seen.set(expected ?? "consistent", (seen.get(expected ?? "consistent") ?? 0) + 1);
      }
      for (const outcome of ["consistent", "InterMonth", "GrossDiscount", "FeeCap", "KeeperShare"])
        expect(seen.get(outcome) ?? 0, outcome).to.be.greaterThan(3);
    });
  });
});
