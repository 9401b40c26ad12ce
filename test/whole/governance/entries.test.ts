import { expect } from "chai";
import { parameterIndex, RAMP_DURATION } from "../../../src/engine/math/bounds.ts";
import {
  DAY,
  deployGovernance,
  errors,
  ethers,
  GOVERNOR_ENTRIES,
  GOVERNOR_ROLE,
  GUARDIAN_ENTRIES,
  initial,
  listing,
  networkHelpers,
  now,
  priceWord,
} from "./setup.ts";

const WAD = 10n ** 18n;

describe("VaultGovernance", () => {
  describe("authority", () => {
    it("H-68 the entries that change state are the listed ones, and an outsider, the admin or the other role may call none of them", async () => {
      const { vault, stands, deployer, governor, guardian, outsider } = await networkHelpers.loadFixture(deployGovernance);
      const artifact = await ethers.getContractAt("IVaultGovernance", ethers.ZeroAddress);
      const entries = artifact.interface.fragments.filter(
        (fragment) =>
          fragment.type === "function" && !["view", "pure"].includes((fragment as { stateMutability?: string }).stateMutability ?? ""),
      );
      expect(entries.map((entry) => (entry as unknown as { name: string }).name).sort()).to.deep.equal(
        [...GOVERNOR_ENTRIES, ...GUARDIAN_ENTRIES].sort(),
      );
      const calls: Readonly<Record<string, string>> = {
        listUnderlying: vault.interface.encodeFunctionData("listUnderlying", [listing(stands.slice(0, 2), stands[3]!)]),
        listCollateral: vault.interface.encodeFunctionData("listCollateral", [stands[4]!, 0, 100_000n, WAD]),
        setParameter: vault.interface.encodeFunctionData("setParameter", [parameterIndex("ShedTime"), 0, 700n]),
        setModule: vault.interface.encodeFunctionData("setModule", [0, stands[4]!]),
        setSources: vault.interface.encodeFunctionData("setSources", [0, stands.slice(0, 1)]),
        setRateSource: vault.interface.encodeFunctionData("setRateSource", [0, stands[0]!]),
        setVolatilitySource: vault.interface.encodeFunctionData("setVolatilitySource", [0, stands[0]!]),
        listSeries: vault.interface.encodeFunctionData("listSeries", [
          0,
          { series: 1, expiry: 0, base: 0, step: 0, decimals: 0, count: 0, depth: 0, volatilityCap: 0 },
        ]),
        liftMeasure: vault.interface.encodeFunctionData("liftMeasure", [0, 0]),
        stopOpens: vault.interface.encodeFunctionData("stopOpens", [0]),
        lowerOpenInterestCap: vault.interface.encodeFunctionData("lowerOpenInterestCap", [0, 0]),
        dropSource: vault.interface.encodeFunctionData("dropSource", [0, 0]),
        disableModule: vault.interface.encodeFunctionData("disableModule", [0]),
      };
      const to = await vault.getAddress();
      for (const [name, data] of Object.entries(calls)) {
        const other = (GUARDIAN_ENTRIES as readonly string[]).includes(name) ? governor! : guardian!;
        for (const caller of [outsider!, deployer!, other]) {
          await expect(caller.sendTransaction({ to, data }), name)
            .to.be.revertedWithCustomError(vault, "CallerNotAllowed")
            .withArgs(caller.address, data.slice(0, 10));
        }
      }
    });

    it("I-25 with a delay an operation is scheduled, waits, can be cancelled, and runs once", async () => {
      const { vault, manager, address, outsider, guardian } = await networkHelpers.loadFixture(deployGovernance);
      const delayed = outsider!;
      await manager.grantRole(GOVERNOR_ROLE, delayed.address, 3 * DAY);
      await manager.setRoleGuardian(GOVERNOR_ROLE, 3n);
      await manager.grantRole(3n, guardian!.address, 0);
      const data = vault.interface.encodeFunctionData("setParameter", [parameterIndex("ShedTime"), 0, 700n]);
      const call = () => vault.connect(delayed).setParameter(parameterIndex("ShedTime"), 0, 700n);
      await expect(call()).to.be.revertedWithCustomError(manager, "AccessManagerNotScheduled");
      await manager.connect(delayed).schedule(address, data, 0);
      await expect(call()).to.be.revertedWithCustomError(manager, "AccessManagerNotReady");
      await networkHelpers.time.increase(3 * DAY);
      await manager.connect(guardian!).cancel(delayed.address, address, data);
      await expect(call()).to.be.revertedWithCustomError(manager, "AccessManagerNotScheduled");
      await manager.connect(delayed).schedule(address, data, 0);
      await networkHelpers.time.increase(3 * DAY);
      await call();
      expect(await vault.read(parameterIndex("ShedTime"), 0)).to.equal(700n);
      await expect(call()).to.be.revertedWithCustomError(manager, "AccessManagerNotScheduled");
      // the same through the manager
      await manager.connect(delayed).schedule(address, data, 0);
      await networkHelpers.time.increase(3 * DAY);
      await manager.connect(delayed).execute(address, data);
      expect(await vault.isConsumingScheduledOp()).to.equal("0x00000000");
    });

    it("H-68 the authority is told and never changes", async () => {
      const { vault, manager } = await networkHelpers.loadFixture(deployGovernance);
      expect(await vault.authority()).to.equal(await manager.getAddress());
      expect(vault.interface.getFunction("setAuthority" as "authority")).to.equal(null);
    });

    it("I-21 every entry reverts while the vault is locked", async () => {
      const { vault, governed, guarded, stands } = await networkHelpers.loadFixture(deployGovernance);
      await vault.setLocked(true);
      await expect(governed.setModule(0, stands[4]!)).to.be.revertedWithCustomError(errors, "Locked");
      await expect(guarded.stopOpens(0)).to.be.revertedWithCustomError(errors, "Locked");
    });
  });

  describe("listUnderlying", () => {
    it("appends with all its parameters; the cap in force starts at zero", async () => {
      const { vault, governed, stands } = await networkHelpers.loadFixture(deployGovernance);
      const given = listing(stands.slice(1, 3), stands[3]!, { Depth: 77n, FillBand: 12_345n, OpenInterestCap: 999n });
      const tx = governed.listUnderlying(given);
      await expect(tx).to.emit(vault, "UnderlyingListed").withArgs(1, 4, given.referencePrice);
      await expect(tx).to.emit(vault, "SourcesSet").withArgs(1, stands.slice(1, 3));
      await expect(tx).to.emit(vault, "RateSourceSet").withArgs(1, stands[3]!);
      expect((await vault.parameterWords())[3]).to.equal(0x0102n);
      for (const [name, value] of [
        ["Depth", 77n],
        ["FillBand", 12_345n],
        ["OpenInterestCap", 999n],
        ["PositionCap", initial("PositionCap")],
        ["FeeCap", initial("FeeCap")],
        ["RangeMultiple", initial("RangeMultiple")],
        ["Horizon", initial("Horizon")],
        ["RangeFloor", initial("RangeFloor")],
        ["RangeCap", initial("RangeCap")],
        ["SigmaFloor", initial("SigmaFloor")],
        ["AgreementBand", initial("AgreementBand")],
        ["Band", initial("Band")],
        ["WidestBand", initial("WidestBand")],
      ] as const) {
        expect(await vault.read(parameterIndex(name), 1), name).to.equal(value);
      }
      expect((await vault.measures(1)).cap).to.equal(0n);
      expect((await vault.measures(1)).indexTime).to.equal(await now());
      expect((await vault.underlyingWords(1))[0]).to.equal((4n << 240n) | (77n << 200n));
      expect((await vault.underlyingWords(1))[6]! & 0xffn).to.equal(2n);
    });

    it("refuses a lot above a thousandth of the smallest account, a parameter out of bounds, too fine a lot", async () => {
      const { vault, governed, stands } = await networkHelpers.loadFixture(deployGovernance);
      const list = (overrides: Record<string, bigint>) => governed.listUnderlying(listing(stands.slice(0, 1), stands[3]!, overrides));
      // a lot of 0.5 settlement tokens is just small enough for 500
      await list({ referencePrice: 5_000n * WAD });
      await expect(list({ referencePrice: 5_001n * WAD }))
        .to.be.revertedWithCustomError(vault, "LotTooLarge")
        .withArgs(2, (5_001n * WAD) / 10_000n, WAD / 2n);
      await expect(list({ referencePrice: 9_999n })).to.be.revertedWithCustomError(vault, "LotTooLarge");
      await expect(list({ lotExponent: 19n }))
        .to.be.revertedWithCustomError(vault, "LotExponentTooLarge")
        .withArgs(19, 18);
      await expect(list({ FeeCap: 5_001n })).to.be.revertedWithCustomError(errors, "ParameterOutOfBounds");
      await expect(list({ FeeCap: 501n })).to.be.revertedWithCustomError(errors, "ParametersInconsistent");
    });

    it("a smaller smallest account must still be a thousand lots, at the live price", async () => {
      const { vault, governed } = await networkHelpers.loadFixture(deployGovernance);
      await vault.plantPrice(0, priceWord({ price: (4n * WAD) / 10n, time: await now(), held: 50_000_000n }));
      await expect(governed.setParameter(parameterIndex("SmallestNotional"), 0, 399n))
        .to.be.revertedWithCustomError(vault, "LotTooLarge")
        .withArgs(0, (4n * WAD) / 10n, (399n * WAD) / 1000n);
      await governed.setParameter(parameterIndex("SmallestNotional"), 0, 400n);
      // a price that rose bars no other change
      await vault.plantPrice(0, priceWord({ price: WAD, time: await now(), held: 50_000_000n }));
      await governed.setParameter(parameterIndex("ShedTime"), 0, 601n);
    });

    it("lists at most 32", async () => {
      const { vault, governed, stands } = await networkHelpers.loadFixture(deployGovernance);
      for (let i = 1; i < 32; i++) await governed.listUnderlying(listing(stands.slice(0, 1), stands[3]!));
      await expect(governed.listUnderlying(listing(stands.slice(0, 1), stands[3]!)))
        .to.be.revertedWithCustomError(vault, "TooManyListed")
        .withArgs(32);
      // the inequalities of all of them fit one transaction
      await governed.setParameter(parameterIndex("FeeCap"), 31, 499n);
    });
  });

  describe("sources", () => {
    it("H-12 one to three, each once, each a contract; a pending price and a drop are forgotten", async () => {
      const { vault, governed, guarded, stands } = await networkHelpers.loadFixture(deployGovernance);
      const noCode = "0x000000000000000000000000000000000000dEaD";
      await expect(governed.setSources(0, [])).to.be.revertedWithCustomError(vault, "SourceCountInvalid").withArgs(0, 3);
      await expect(governed.setSources(0, stands.slice(0, 4)))
        .to.be.revertedWithCustomError(vault, "SourceCountInvalid")
        .withArgs(4, 3);
      await expect(governed.setSources(0, [stands[1]!, stands[1]!]))
        .to.be.revertedWithCustomError(vault, "SourceRepeated")
        .withArgs(stands[1]);
      await expect(governed.setSources(0, [noCode]))
        .to.be.revertedWithCustomError(vault, "HasNoCode")
        .withArgs(noCode);
      await expect(governed.setSources(1, [stands[1]!]))
        .to.be.revertedWithCustomError(errors, "UnknownUnderlying")
        .withArgs(1);
      await vault.plantPending(0, 12_345n);
      await guarded.dropSource(0, 1);
      expect((await vault.measures(0)).droppedMask).to.equal(2n);
      await governed.setSources(0, [stands[4]!, stands[5]!]);
      const words = await vault.underlyingWords(0);
      expect([words[2], words[6]! & 0xffn, (await vault.measures(0)).droppedMask]).to.deep.equal([0n, 2n, 0n]);
      expect([await vault.sourceOf(0, 0), await vault.sourceOf(0, 1), await vault.sourceOf(0, 2)]).to.deep.equal([
        stands[4],
        stands[5],
        ethers.ZeroAddress,
      ]);
      // the drop was ended by governance: it rests
      await expect(guarded.dropSource(0, 0)).to.be.revertedWithCustomError(vault, "MeasureTooSoon");
    });

    it("a volatility source is a contract, of a listed underlying", async () => {
      const { vault, governed, stands } = await networkHelpers.loadFixture(deployGovernance);
      await expect(governed.setVolatilitySource(0, ethers.ZeroAddress)).to.be.revertedWithCustomError(vault, "HasNoCode");
      await expect(governed.setVolatilitySource(1, stands[0]!)).to.be.revertedWithCustomError(errors, "UnknownUnderlying");
      await expect(governed.setVolatilitySource(0, stands[0]!)).to.emit(vault, "VolatilitySourceSet").withArgs(0, stands[0]!);
    });

    it("a rate source is a contract", async () => {
      const { vault, governed, stands } = await networkHelpers.loadFixture(deployGovernance);
      await expect(governed.setRateSource(0, ethers.ZeroAddress)).to.be.revertedWithCustomError(vault, "HasNoCode");
      await expect(governed.setRateSource(1, stands[0]!)).to.be.revertedWithCustomError(errors, "UnknownUnderlying");
      await governed.setRateSource(0, stands[0]!);
      expect(await vault.rateSourceOf(0)).to.equal(stands[0]);
    });
  });

  describe("listCollateral", () => {
    it("H-4 H-20 takes 6 to 18 decimals, no other", async () => {
      const { vault, governed } = await networkHelpers.loadFixture(deployGovernance);
      for (const decimals of [0, 5, 6, 8, 18, 19, 24]) {
        const token = await ethers.deployContract("DecimalsToken", [decimals]);
        const call = governed.listCollateral(await token.getAddress(), 0, 100_000n, WAD);
        if (decimals < 6 || decimals > 18) {
          await expect(call)
            .to.be.revertedWithCustomError(vault, "DecimalsUnsupported")
            .withArgs(await token.getAddress(), decimals);
        } else {
          await call;
        }
      }
      expect((await vault.parameterWords())[3]).to.equal(0x0401n);
    });

    it("refuses the settlement token, a token twice, an unknown underlying, no contract, bounds", async () => {
      const { vault, governed, settlement, token, stands } = await networkHelpers.loadFixture(deployGovernance);
      const settled = await settlement.getAddress();
      const listed = await token.getAddress();
      await expect(governed.listCollateral(settled, 0, 100_000n, WAD))
        .to.be.revertedWithCustomError(vault, "TokenIsSettlement")
        .withArgs(settled);
      await expect(governed.listCollateral(listed, 0, 100_000n, WAD))
        .to.be.revertedWithCustomError(vault, "TokenListed")
        .withArgs(listed, 0);
      await expect(governed.listCollateral(stands[0]!, 1, 100_000n, WAD)).to.be.revertedWithCustomError(errors, "UnknownUnderlying");
      await expect(governed.listCollateral(ethers.ZeroAddress, 0, 100_000n, WAD)).to.be.revertedWithCustomError(vault, "HasNoCode");
      await expect(governed.listCollateral(stands[0]!, 0, 9_999n, WAD)).to.be.revertedWithCustomError(errors, "ParameterOutOfBounds");
      await expect(governed.listCollateral(stands[0]!, 0, 100_000n, 2n ** 128n)).to.be.revertedWithCustomError(
        errors,
        "ParameterOutOfBounds",
      );
      await expect(governed.listCollateral(stands[0]!, 0, 100_000n, WAD))
        .to.emit(vault, "CollateralListed")
        .withArgs(1, stands[0], 0, 18);
      const [word, supply] = await vault.collateralWords(1);
      expect(word).to.equal(BigInt(stands[0]!) | (18n << 160n) | (100_000n << 176n) | (100_000n << 200n));
      expect(supply).to.equal(WAD << 128n);
    });
  });

  describe("setModule", () => {
    it("H-68 an index is set once, a module once", async () => {
      const { vault, governed, stands } = await networkHelpers.loadFixture(deployGovernance);
      await expect(governed.setModule(3, stands[0]!)).to.emit(vault, "ModuleSet").withArgs(3, stands[0]);
      await expect(governed.setModule(3, stands[1]!)).to.be.revertedWithCustomError(vault, "ModuleIndexTaken").withArgs(3, stands[0]);
      await expect(governed.setModule(4, stands[0]!)).to.be.revertedWithCustomError(vault, "ModuleListed").withArgs(stands[0], 3);
      await expect(governed.setModule(16, stands[1]!)).to.be.revertedWithCustomError(vault, "ModuleIndexTooLarge").withArgs(16, 15);
      await expect(governed.setModule(4, ethers.ZeroAddress)).to.be.revertedWithCustomError(vault, "HasNoCode");
      expect(await vault.moduleWord(3)).to.equal(BigInt(stands[0]!));
    });
  });

  it("the cap of the open interest falls at once and does not rise by a parameter alone", async () => {
    const { vault, governed } = await networkHelpers.loadFixture(deployGovernance);
    // in force 1,000 lots (planted as the fund would have allowed)
    await vault.plantFunding(0, 1_000n << 212n);
    await expect(governed.setParameter(parameterIndex("OpenInterestCap"), 0, 400n))
      .to.emit(errors.attach(await vault.getAddress()), "OpenInterestCapSet")
      .withArgs(0, 400n);
    expect((await vault.measures(0)).cap).to.equal(400n);
    await governed.setParameter(parameterIndex("OpenInterestCap"), 0, 5_000n);
    expect((await vault.measures(0)).cap).to.equal(400n);
  });

  it("time alone makes a ramp arrive: nobody has to call", async () => {
    const { vault, governed } = await networkHelpers.loadFixture(deployGovernance);
    await governed.setParameter(parameterIndex("Maintenance"), 0, 850_000n);
    await networkHelpers.time.increase(RAMP_DURATION);
    expect(await vault.read(parameterIndex("Maintenance"), 0)).to.equal(850_000n);
  });
});
