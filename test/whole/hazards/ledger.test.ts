import { expect } from "chai";
import { type Action, actions, createWorld, eth, idOf, usd, WAD } from "../../helpers/vaultWorld.ts";

describe("hazards of the ledger", () => {
  it("H-1 H-2 balances and supplies that anybody can move in one transaction move no equity", async () => {
    const world = await createWorld();
    const { vault, alice, settlement, collaterals } = world;
    await world.deposit(alice, usd(1_000));
    await world.deposit(alice, WAD, 0);
    await world.refresh();
    const before = await world.assess(idOf(alice));
    // a hundred times all there is, as a flash loan or a donation would
    await settlement.mint(vault, usd(100_000));
    await collaterals[0]?.mint(vault, 100n * WAD);
    await collaterals[0]?.mint(alice, 100n * WAD);
    expect(await world.assess(idOf(alice))).to.deep.equal(before);
    const [held] = await vault.totals();
    expect(held, "I-1 the ledger never reads its balance").to.equal(1_000n * WAD);
  });

  it("H-14 a stable collateral at half its price counts half: no path knows par", async () => {
    const world = await createWorld({
      underlyings: [{}, { price: WAD, lotExponent: 1 }],
      collaterals: [{ decimals: 6, underlying: 1, haircut: 20_000n, cap: 10n ** 27n }],
    });
    const { alice } = world;
    await world.deposit(alice, usd(10_000), 0);
    await world.refresh();
    const before = await world.assess(idOf(alice));
    await world.move(1, WAD / 2n);
    const after = await world.assess(idOf(alice));
    expect(before.value).to.equal(10_000n * WAD);
    expect(after.value).to.equal(5_000n * WAD);
  });

  it("H-18 I-3 aggregates are the sums of their parts after every step of a random walk", async () => {
    const world = await createWorld();
    const { alice, bob, carol } = world;
    let seed = 20_240_101n;
    const random = (most: bigint): bigint => {
      seed = (seed * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n) % 2n ** 64n;
      return (seed >> 16n) % most;
    };
    for (const each of [alice, bob, carol]) await world.deposit(each, usd(200_000));
    await world.deposit(alice, WAD, 0);
    await world.refresh();
    let done = 0;
    for (let i = 0; i < 60; i++) {
      const all = [alice, bob, carol];
      const taker = all[Number(random(3n))] ?? alice;
      const maker = all[Number(random(3n))] ?? bob;
      const lots = random(eth(400)) - eth(200);
      if (i % 15 === 14) await world.move(0, 1_900n * WAD + random(200n) * WAD);
      await world.refresh();
      await world.trade(taker, maker, Number(random(2n)), lots).then(
        () => {
          done++;
        },
        () => undefined,
      );
      if (i % 5 === 0) await world.conserve();
    }
    expect(done).to.be.greaterThan(20);
    await world.conserve();
  });

  it("H-22 I-22 an account at minus ten times its money stops nobody else from reducing and withdrawing", async () => {
    const world = await createWorld();
    const { vault, alice, bob, carol, dave } = world;
    await world.deposit(alice, usd(1_500));
    await world.deposit(bob, usd(100_000));
    await world.deposit(carol, usd(100_000));
    await world.deposit(dave, usd(5_000));
    await world.refresh();
    await world.trade(alice, bob, 0, eth(100));
    await world.trade(carol, bob, 0, eth(50));
    await world.move(0, 1_000n * WAD);
    const { value } = await world.assess(idOf(alice));
    expect(value).to.be.lessThan(-8_000n * WAD);
    await world.trade(carol, bob, 0, -eth(50));
    await world.withdraw(dave, usd(5_000));
    await world.withdraw(carol, usd(40_000));
    await vault.liquidate(idOf(alice), world.know(idOf(dave)));
    await world.withdraw(bob, usd(50_000));
    await world.conserve();
  });

  it("H-23 every unit is in one bucket: wallets, cash, deficit", async () => {
    const world = await createWorld({ parameters: { topUp: 1_000n } });
    const { vault, alice, bob, carol, dave, settlement } = world;
    await world.deposit(alice, usd(1_500));
    await world.deposit(bob, usd(100_000));
    await world.deposit(dave, usd(70_000));
    const minted = await settlement.totalSupply();
    await world.refresh();
    await world.trade(alice, bob, 0, eth(100));
    await world.move(0, 1_500n * WAD);
    await vault.liquidate(idOf(alice), world.know(idOf(carol)));
    const { deficit } = await vault.totals();
    expect(deficit).to.be.greaterThan(0n);
    await world.withdraw(dave, usd(60_000));
    await world.conserve();
    expect(await settlement.totalSupply()).to.equal(minted);
    const inWallets = (await settlement.balanceOf(dave)) + (await settlement.balanceOf(vault));
    expect(inWallets, "nothing was made").to.equal(minted);
  });

  it("H-23 I-9 at φ the order of withdrawals does not matter, and nobody gains by running", async () => {
    const outcome = async (first: "dave" | "erin"): Promise<bigint[]> => {
      const world = await createWorld({ parameters: { topUp: 1_000n } });
      const { vault, alice, bob, carol, dave, erin, settlement } = world;
      await world.deposit(alice, usd(1_500));
      await world.deposit(bob, usd(100_000));
      await world.deposit(dave, usd(30_000));
      await world.deposit(erin, usd(30_000));
      await world.refresh();
      await world.trade(alice, bob, 0, eth(100));
      await world.move(0, 1_500n * WAD);
      await vault.liquidate(idOf(alice), world.know(idOf(carol)));
      const order = first === "dave" ? [dave, erin] : [erin, dave];
      for (const each of order) await world.withdraw(each, usd(30_000));
      await world.conserve();
      return [await settlement.balanceOf(dave), await settlement.balanceOf(erin)];
    };
    const [a, b] = await Promise.all([outcome("dave"), outcome("erin")]);
    for (let i = 0; i < 2; i++) expect(a[i]).to.be.closeTo(b[i] ?? 0n, 1n);
    expect(a[0]).to.be.closeTo(a[1] ?? 0n, 1n);
    expect(a[0]).to.be.lessThan(usd(30_000));
  });

  it("H-24 H-66 a size at the ends of what a module can name is skipped, whatever either side holds", async () => {
    const world = await createWorld();
    const { vault, alice, bob } = world;
    for (const each of [alice, bob]) await world.deposit(each, usd(1_000_000));
    await world.refresh();
    const ends = [2n ** 255n - 1n, -(2n ** 255n), 2n ** 254n, -(2n ** 254n), 2n ** 48n, -(2n ** 48n)];
    const taken = async (): Promise<bigint> => (await vault.positionOf(idOf(alice), 0)).lots;
    for (const held of [0n, eth(1), -eth(1)]) {
      const change = held - (await taken());
      if (change !== 0n) await world.trade(alice, bob, 0, change);
      for (const lots of ends) {
        const attempt = await world.execute(alice, actions.trade(idOf(alice), [world.fill(idOf(bob), 0, lots)]));
        await expect(attempt, `${lots} lots onto ${held}`).to.emit(vault, "FillSkipped");
        expect(await taken(), `${lots} lots onto ${held}`).to.equal(held);
      }
    }
    await world.conserve();
  });

  it("H-24 every stored amount takes the last value within its field and refuses the first beyond, with the value", async () => {
    const world = await createWorld({
      settlementDecimals: 18,
      collaterals: [{ decimals: 18, underlying: 0, haircut: 100_000n, cap: 2n ** 128n - 1n }],
    });
    const { vault, alice, bob, carol, connection } = world;
    const casts = new connection.ethers.Interface([
      "error SafeCastOverflowedIntDowncast(uint8 bits, int256 value)",
      "error SafeCastOverflowedUintDowncast(uint8 bits, uint256 value)",
      "error SafeCastOverflowedUintToInt(uint256 value)",
    ]);
    const refusal = async (attempt: Promise<unknown>): Promise<string> => {
      const error: unknown = await attempt.then(
        () => undefined,
        (caught: unknown) => caught,
      );
      const data = (error as { data?: string } | undefined)?.data ?? "0x";
      const parsed = casts.parseError(data) ?? vault.interface.parseError(data);
      return parsed === null ? `undecoded ${data}` : `${parsed.name}(${parsed.args.join(",")})`;
    };
    const tried = (signer: typeof alice, action: Action): Promise<string> => refusal(vault.connect(signer).execute.staticCall([action]));
    const most = 2n ** 127n - 1n;
    await world.deposit(alice, most);
    expect(await world.cashOf(idOf(alice)), "cash").to.equal(most);
    await world.settlement.mint(alice, 1n);
    await world.settlement.connect(alice).approve(vault, 1n);
    expect(await tried(alice, actions.deposit(idOf(alice), 255, 1n))).to.equal(`SafeCastOverflowedIntDowncast(128,${most + 1n})`);
    // tokens of the ledger
    await world.deposit(bob, most);
    await world.deposit(carol, 1n);
    expect((await vault.totals()).settlement, "tokens of the ledger").to.equal(2n ** 128n - 1n);
    await world.settlement.mint(carol, 1n);
    await world.settlement.connect(carol).approve(vault, 1n);
    expect(await tried(carol, actions.deposit(idOf(carol), 255, 1n))).to.equal(`SafeCastOverflowedUintDowncast(128,${2n ** 128n})`);
    // what leaves
    expect(await tried(carol, actions.withdraw(idOf(carol), 255, 2n ** 128n, carol.address))).to.equal(
      `TokenAmountMismatch(255,${2n ** 128n},0)`,
    );
    const other = idOf(carol, 1n);
    expect(await tried(carol, actions.transfer(idOf(carol), 255, 2n ** 255n, other))).to.equal(
      `SafeCastOverflowedUintToInt(${2n ** 255n})`,
    );
    expect(await tried(carol, actions.transfer(idOf(carol), 255, 2n ** 127n + 2n, other))).to.equal(
      `SafeCastOverflowedIntDowncast(128,${-(2n ** 127n) - 1n})`,
    );
    // collateral: the cap is the field
    await world.deposit(alice, 2n ** 128n - 1n, 0);
    await world.collaterals[0]?.mint(bob, 1n);
    await world.collaterals[0]?.connect(bob).approve(vault, 1n);
    expect(await tried(bob, actions.deposit(idOf(bob), 0, 1n))).to.equal(`SupplyCapExceeded(0,${2n ** 128n},${2n ** 128n - 1n})`);
    expect(await tried(alice, actions.withdraw(idOf(alice), 0, 2n ** 128n, alice.address))).to.equal(
      `TokenAmountMismatch(0,${2n ** 128n},0)`,
    );
    expect(await tried(alice, actions.transfer(idOf(alice), 0, 2n ** 128n, idOf(alice, 1n)))).to.equal(
      `InsufficientCollateral(${idOf(alice)},0,${2n ** 128n - 1n},${2n ** 128n})`,
    );
    await world.conserve();
    // and all of it comes out again
    await world.refresh();
    await world.withdraw(alice, most);
    await world.withdraw(alice, 2n ** 128n - 1n, 0);
    await world.withdraw(bob, most);
    await world.conserve();
  });

  it("H-26 what is credited is what arrived, of exactly that token", async () => {
    const world = await createWorld();
    const { vault, alice, collaterals, settlement } = world;
    await world.deposit(alice, 123_456n);
    expect(await world.cashOf(idOf(alice))).to.equal(123_456n * 10n ** 12n);
    await world.deposit(alice, 7n, 1);
    expect(await vault.collateralOf(idOf(alice), 1)).to.equal(7n * 10n ** 10n);
    // a token of one index never serves another
    await collaterals[0]?.mint(alice, WAD);
    await collaterals[0]?.connect(alice).approve(vault, WAD);
    for (const token of [1, 2, 31, 254]) {
      await expect(vault.connect(alice).execute([actions.deposit(idOf(alice), token, WAD)])).to.be.revert(world.connection.ethers);
    }
    await expect(vault.connect(alice).execute([actions.deposit(idOf(alice), 2, WAD)])).to.be.revertedWithCustomError(vault, "UnknownToken");
    expect(await settlement.balanceOf(vault)).to.equal(123_456n);
    await world.conserve();
  });

  it("H-32 I-11 every permutation of four actions ends in the same test of every account that could have lost", async () => {
    const world = await createWorld();
    const { vault, alice, bob } = world;
    await world.deposit(bob, usd(100_000));
    await world.deposit(alice, usd(2_000));
    await world.refresh();
    const a = idOf(alice);
    const second = world.know(idOf(alice, 1n));
    // together they break the rule: the position needs what the transfer and the withdrawal take
    const parts: Action[] = [
      actions.trade(a, [world.fill(idOf(bob), 0, eth(100))]),
      actions.transfer(a, 255, 500n * WAD, second),
      actions.withdraw(a, 255, usd(500), alice.address),
      actions.cancel(a),
    ];
    const permute = (list: Action[]): Action[][] =>
      list.length < 2 ? [list] : list.flatMap((each, i) => permute(list.filter((_, j) => j !== i)).map((rest) => [each, ...rest]));
    const all = permute(parts);
    expect(all.length).to.equal(24);
    for (const list of all) {
      await expect(vault.connect(alice).execute.staticCall(list)).to.be.revertedWithCustomError(vault, "MarginTooLow");
      // without what takes too much they stand, whatever the order
      await vault.connect(alice).execute.staticCall(list.filter((each) => each !== parts[2] && each !== parts[1]));
    }
    // an unknown verb is no way out either
    const unknown = { kind: 8, account: a, data: "0x" };
    await expect(vault.connect(alice).execute([parts[1] as Action, unknown])).to.be.revert(world.connection.ethers);
  });

  it("H-32 I-11 who fails may shed risk alone: nothing leaves with it, in whichever order", async () => {
    const world = await createWorld();
    const { vault, alice, bob } = world;
    await world.deposit(bob, usd(100_000));
    await world.deposit(alice, usd(1_800));
    await world.refresh();
    await world.trade(alice, bob, 0, eth(100));
    const a = idOf(alice);
    const second = world.know(idOf(alice, 1n));
    await world.move(0, 1_940n * WAD);
    const { equity, margin } = await world.assess(a, true);
    expect(equity > 0n && equity < margin).to.equal(true);
    // too little to be covered afterwards
    const reduce = actions.trade(a, [world.fill(idOf(bob), 0, -eth(2))]);
    const leave = actions.transfer(a, 255, WAD, second);
    await vault.connect(alice).execute.staticCall([reduce]);
    await vault.connect(alice).execute.staticCall([reduce, actions.cancel(a)]);
    for (const list of [
      [reduce, leave],
      [leave, reduce],
    ]) {
      await expect(vault.connect(alice).execute.staticCall(list)).to.be.revertedWithCustomError(vault, "MarginTooLow");
    }
  });

  it("H-25 H-32 the same action twice is two actions, the same account twice is tested once more, not less", async () => {
    const world = await createWorld();
    const { vault, alice } = world;
    await world.deposit(alice, usd(100));
    const half = actions.withdraw(idOf(alice), 255, usd(60), alice.address);
    await expect(vault.connect(alice).execute([half, half])).to.be.revertedWithCustomError(vault, "WithdrawalTooLarge");
    const least = actions.withdraw(idOf(alice), 255, usd(50), alice.address);
    await world.execute(alice, least, least);
    expect(await world.cashOf(idOf(alice))).to.equal(0n);
    await world.conserve();
  });

  it("H-33 every entry that changes state is known, and of each it is known why it leaves the healthy healthy", async () => {
    const { connection } = await createWorld();
    const known: Record<string, string> = {
      execute: "tests the margin rule of every account that could have lost",
      simulate: "always reverts",
      take: "a trade: tests the margin rule of every account that could have lost",
      cancelNonces: "a count of what orders may still be filled",
      postPrice: "a price",
      updateFundingRate: "changes what the future costs, not the present",
      liquidate: "only below the line; cures or closes",
      liquidateMany: "only below the line; cures or closes",
      liquidateTo: "only below the line; the taker's margin rule is tested",
      deleverage: "closes accounts above the water-line alone, and none whose health would fall by it",
      shedFund: "the fund's accounts have no line; the taker's margin rule is tested",
      postSlices: "volatilities, signed and free of arbitrage: they move what options are worth as a price does",
      refreshSeries: "words that opening and withdrawing use; liquidation is priced live",
      settleExpired: "pays what a settled series is worth already, and takes margin from nobody",
      settleSeries: "writes down what already holds",
      topUpFund: "moves the fund's own cash",
      refreshOpenInterestCap: "a cap",
      declareExchange: "starts a clock",
      exchangeCollateral: "the margin rule of both sides is tested",
      listUnderlying: "governance",
      listCollateral: "governance",
      setParameter: "governance, ramps",
      setModule: "governance",
      setSources: "governance",
      setRateSource: "governance",
      setVolatilitySource: "governance",
      listSeries: "governance",
      liftMeasure: "governance",
      stopOpens: "guardian",
      lowerOpenInterestCap: "guardian",
      dropSource: "guardian",
      disableModule: "guardian",
    };
    // what is compiled, not what the interface says: an entry that it does not name would be there all the same
    const built = await Promise.all(
      ["MarginVault", "VaultExtension"].map((name) => connection.ethers.getContractAt(name, connection.ethers.ZeroAddress)),
    );
    const fragments = built.flatMap((contract) => contract.interface.fragments);
    const changing = fragments.flatMap((each) =>
      each.type === "function" && "stateMutability" in each && !/view|pure/.test(String(each.stateMutability))
        ? ["name" in each ? String(each.name) : ""]
        : [],
    );
    expect(changing.sort()).to.deep.equal(Object.keys(known).sort());
  });

  it("H-33 I-24 nobody but owner and operator changes an account", async () => {
    const world = await createWorld();
    const { vault, alice, bob, carol } = world;
    await world.deposit(alice, usd(1_000));
    await world.deposit(bob, usd(1_000));
    await world.refresh();
    const a = idOf(alice);
    const list = [
      actions.deposit(a, 255, 1n),
      actions.withdraw(a, 255, 1n, bob.address),
      actions.transfer(a, 255, 1n, idOf(bob)),
      actions.operator(a, bob.address, 31, 2n ** 39n),
      actions.modules(a, 0),
      actions.cancel(a),
      actions.trade(a, [world.fill(idOf(carol), 0, 1n)]),
    ];
    for (const each of list) {
      await expect(vault.connect(bob).execute([each]), String(each.kind)).to.be.revertedWithCustomError(vault, "NotAuthorised");
    }
  });
});
