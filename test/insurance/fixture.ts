import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { AbiCoder } from "ethers";
import { network } from "hardhat";
import type { InsuranceFund } from "../../typechain-types/index.ts";
import { type DeployOptions, deployVault, WITHOUT_ESTIMATES } from "../helpers/deploy.ts";

export const WAD = 10n ** 18n;
export const UNIT = 10n ** 6n;
export const DAY = 86_400n;
export const COOL_DOWN = 10n * DAY;
export const CLAIM_WINDOW = 2n * DAY;
export const CLAIM_DELAY = 3_600n;
export const CLAIM_TIME = 600n;
export const VIRTUAL = 10n ** 12n;
export const SETTLEMENT = 255n;

const coder = AbiCoder.defaultAbiCoder();
const FILL = "tuple(uint256 maker, uint24 instrument, int256 lots, uint256 price, int256 takerFee, int256 makerFee, uint256 order)[]";

export const connection = await network.create(WITHOUT_ESTIMATES);
export const { ethers, networkHelpers } = connection;

export function idOf(address: string, sub = 0n): bigint {
  return (BigInt(address) << 96n) | sub;
}

export async function now(): Promise<bigint> {
  return BigInt(await networkHelpers.time.latest());
}

/** A whole vault with its insurance fund bound, two backers and two traders with a million settlement tokens each (6 decimals). */
export async function deployFund(options: DeployOptions = {}) {
  const signers = await ethers.getSigners();
  const fundDeployer = signers[5]!;
  // the fund is an immutable of the vault: its address is known from its deployer's next transaction
  const fundAddress = ethers.getCreateAddress({ from: fundDeployer.address, nonce: await fundDeployer.getNonce() });
  const deployment = await deployVault(connection, { ...options, fund: fundAddress });
  const { vault, settlement, post } = deployment;
  const fund: InsuranceFund = await ethers.deployContract("InsuranceFund", [settlement, "Plimsoll insurance fund", "pIF"], fundDeployer);
  if ((await fund.getAddress()) !== fundAddress) throw new Error("the fund is not where the vault expects it");
  const [, , alice, bob, attacker, , long, short, keeper] = signers as [
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
  ];
  await fund.connect(fundDeployer).bindVault(vault);
  for (const backer of [alice, bob, attacker]) {
    await settlement.mint(backer, 1_000_000n * UNIT);
    await settlement.connect(backer).approve(fund, ethers.MaxUint256);
  }
  for (const trader of [long, short, keeper, attacker]) {
    await settlement.mint(trader, 1_000_000n * UNIT);
    await settlement.connect(trader).approve(vault, ethers.MaxUint256);
  }

  const into = async (trader: HardhatEthersSigner, amount: bigint, account = idOf(trader.address)): Promise<void> => {
    const data = coder.encode(["uint8", "uint256"], [SETTLEMENT, amount]);
    await vault.connect(trader).execute([{ kind: 0, account, data }]);
  };

  /** `taker` receives `lots` from `maker` at `price` (WAD a lot) and pays `fee` (WAD). */
  const trade = async (taker: HardhatEthersSigner, maker: HardhatEthersSigner, lots: bigint, price: bigint, fee = 0n): Promise<void> => {
    const fills = [{ maker: idOf(maker.address), instrument: 0, lots, price, takerFee: fee, makerFee: 0n, order: 0n }];
    const size = lots < 0n ? -lots : lots;
    const data = coder.encode(["uint8", "bytes", "uint256"], [0, coder.encode([FILL], [fills]), size]);
    await vault.connect(taker).execute([{ kind: 7, account: idOf(taker.address), data }]);
  };

  /** Walks the price of underlying 0 to `target` (WAD a unit) in steps that the guard takes. */
  const walk = async (from: bigint, target: bigint): Promise<void> => {
    let price = from;
    while (price !== target) {
      const step = (price * 12n) / 1_000n;
      if (price > target) price = price - step < target ? target : price - step;
      else price = price + step > target ? target : price + step;
      await networkHelpers.time.increase(90);
      await post(0, price);
    }
  };

  /** Income of the fund: a trade of `lots` there and back whose fees are `fee` (WAD) in all. */
  const income = async (fee: bigint): Promise<void> => {
    await post(0, 2_000n * WAD);
    const price = 2n * 10n ** 16n;
    // fees are at most 500 ppm of the notional of each fill
    const lots = (fee * 1_100n) / price;
    await trade(long, short, lots, price, fee / 2n);
    await trade(long, short, -lots, price, fee - fee / 2n);
  };

  /** `long` with 5,000 of cash buys 30 ETH, the price falls to 1,910 and the fund takes the slice over. */
  const takeOver = async (): Promise<void> => {
    await into(long, 5_000n * UNIT);
    await into(short, 500_000n * UNIT);
    await post(0, 2_000n * WAD);
    await trade(long, short, 3_000_000n, 2n * 10n ** 16n);
    await walk(2_000n * WAD, 1_910n * WAD);
    await vault.liquidate(idOf(long.address), idOf(keeper.address));
  };

  const main = idOf(fundAddress);
  const fundAccount = idOf(fundAddress, 1n);
  const mainCash = async (): Promise<bigint> => (await vault.headerOf(main)).cash;
  /** A claim on shares whose cool-down is over, payable now. */
  const file = async (backer: HardhatEthersSigner, shares: bigint): Promise<void> => {
    await fund.connect(backer).fileClaim(shares, 0n);
    await networkHelpers.time.increase(CLAIM_DELAY);
  };
  const ready = async (backer: HardhatEthersSigner, shares: bigint): Promise<void> => {
    await fund.connect(backer).requestRedeem(shares);
    await networkHelpers.time.increase(COOL_DOWN);
    await file(backer, shares);
  };
  return {
    ...deployment,
    fund,
    fundAddress,
    fundDeployer,
    alice,
    bob,
    attacker,
    long,
    short,
    keeper,
    into,
    trade,
    walk,
    income,
    takeOver,
    main,
    fundAccount,
    mainCash,
    file,
    ready,
  };
}

/** Slot of `VaultState.totals`; `VaultState` starts at slot 0 of the vault. */
const TOTALS_SLOT = 18n;

/** Makes `part` WAD of the settlement tokens of the ledger a deficit, as if they had been lost. */
export async function plantDeficit(
  vault: { getAddress(): Promise<string>; totals(): Promise<[bigint, bigint]> },
  part: bigint,
): Promise<void> {
  const [settlement, deficit] = await vault.totals();
  const word = (settlement - part) | ((deficit + part) << 128n);
  await networkHelpers.setStorageAt(await vault.getAddress(), ethers.toBeHex(TOTALS_SLOT), ethers.toBeHex(word, 32));
  const [, written] = await vault.totals();
  if (written !== deficit + part) throw new Error("the slot of the totals has moved: mend TOTALS_SLOT");
}
