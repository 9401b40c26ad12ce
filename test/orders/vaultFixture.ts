import { AbiCoder, type BaseWallet, type ContractTransactionResponse } from "ethers";
import type { TakerLimit } from "../../src/engine/orders/orders.ts";
import { accountIdOf } from "../../src/engine/types/accountId.ts";
import { buildOrder, encodeCancel, encodeFills, type OrderFill, type OrderRequest, signOrder, skipReason } from "../../src/sdk/orders.ts";
import { type DeployOptions, deployVault } from "../helpers/deploy.ts";
import { chain, keyOf, LATER, limit, MAKER_FEE, networkHelpers, perpetualsOf, TAKER_FEE } from "./fixture.ts";

export const coder = AbiCoder.defaultAbiCoder();
const { ethers } = chain;

export const UNIT = 2_000n * 10n ** 18n;
export const LOT = UNIT / 10n ** 5n;
export const LOTS = 100_000n; // one unit
export const MODULE = 1;
const SETTLEMENT = 255;
export const [SET_OPERATOR, SET_MODULES, CANCEL_ORDERS, TRADE] = [4, 5, 6, 7];

export const alice = keyOf("alice");
export const bob = keyOf("bob");

export interface Action {
  readonly kind: number;
  readonly account: bigint;
  readonly data: string;
}

/** The whole vault with OrderSettlement as module 1 of the default set, a taker and makers with money. */
export async function deployOrders() {
  return deployOrdersWith({});
}

/** As `deployOrders`, of a vault with options of its own. */
export async function deployOrdersWith(options: DeployOptions) {
  const base = await deployVault(chain, { defaultModules: 3, ...options });
  const { vault, settlement, signers } = base;
  const taker = signers[3] ?? base.deployer;
  const orders = await ethers.deployContract("OrderSettlement", [vault, TAKER_FEE, MAKER_FEE]);
  await vault.setModule(MODULE, orders);
  const venue = {
    chainId: (await ethers.provider.getNetwork()).chainId,
    settlement: (await orders.getAddress()).toLowerCase(),
    termsOf: perpetualsOf,
  };
  const vaultAddress = (await vault.getAddress()).toLowerCase();
  const takerAccount = accountIdOf(taker.address);

  /** Puts dollars on an account. */
  async function fund(account: bigint, dollars: bigint): Promise<void> {
    const units = dollars * 10n ** 6n;
    await settlement.mint(taker, units);
    await settlement.connect(taker).approve(vault, units);
    // anyone with the tokens may deposit as an operator only, so the owner does: a key with ether
    const owner = ethers.getAddress(`0x${(account >> 96n).toString(16).padStart(40, "0")}`);
    if (owner === taker.address) {
      await execute(taker, { kind: 0, account, data: coder.encode(["uint8", "uint256"], [SETTLEMENT, units]) });
      return;
    }
    await networkHelpers.impersonateAccount(owner);
    await networkHelpers.setBalance(owner, 10n ** 20n);
    const signer = await ethers.getSigner(owner);
    await settlement.mint(owner, units);
    await settlement.connect(signer).approve(vault, units);
    await execute(signer, { kind: 0, account, data: coder.encode(["uint8", "uint256"], [SETTLEMENT, units]) });
  }

  /** Puts a token of collateral on the account of a key. */
  async function pledge(key: BaseWallet, token: number, amount: bigint): Promise<void> {
    await networkHelpers.impersonateAccount(key.address);
    await networkHelpers.setBalance(key.address, 10n ** 20n);
    const collateral = base.collaterals[token]!;
    await collateral.mint(key.address, amount);
    await collateral.connect(await ethers.getSigner(key.address)).approve(vault, amount);
    await execute(key, { kind: 0, account: accountIdOf(key.address), data: coder.encode(["uint8", "uint256"], [token, amount]) });
  }

  function execute(signer: { address: string }, ...actions: Action[]): Promise<ContractTransactionResponse> {
    return ethers.getSigner(signer.address).then((sender) => vault.connect(sender).execute(actions));
  }

  async function fill(
    maker: BaseWallet,
    lots: bigint,
    changes: Partial<OrderRequest> = {},
    signer: BaseWallet = maker,
  ): Promise<OrderFill> {
    const order = buildOrder({
      vault: vaultAddress,
      account: accountIdOf(maker.address),
      signer: signer.address,
      instrument: 0n,
      long: false,
      limit: LOT,
      size: LOTS,
      maxFee: 0n,
      validUntil: LATER,
      nonce: 1n,
      ...changes,
    });
    return { ...(await signOrder(signer, venue, order)), lots };
  }

  function tradeOf(
    makers: readonly OrderFill[],
    limits: readonly TakerLimit[] = [anyLots()],
    minimum = 0n,
    account = takerAccount,
  ): Action {
    return { kind: TRADE, account, data: coder.encode(["uint8", "bytes", "uint256"], [MODULE, encodeFills(limits, makers), minimum]) };
  }

  function cancelOf(nonces: readonly bigint[], account: bigint): Action {
    return { kind: TRADE, account, data: coder.encode(["uint8", "bytes", "uint256"], [MODULE, encodeCancel(nonces), 0n]) };
  }

  const trade = (...args: Parameters<typeof tradeOf>): Promise<ContractTransactionResponse> => execute(taker, tradeOf(...args));

  const filledOf = async (maker: OrderFill): Promise<bigint> => (await orders.nonceOf(maker.order.account, maker.order.nonce)).filled;
  const lotsOf = async (account: bigint, underlying = 0): Promise<bigint> => (await vault.positionOf(account, underlying)).lots;
  const cashOf = async (account: bigint): Promise<bigint> => (await vault.headerOf(account)).cash;

  /** Names of the reasons in OrderSkipped (of the module) and FillSkipped (of the vault). */
  async function reasonsOf(sent: Promise<ContractTransactionResponse>): Promise<{ module: string[]; vault: string[] }> {
    const receipt = await (await sent).wait();
    const reasons = { module: [] as string[], vault: [] as string[] };
    for (const log of receipt?.logs ?? []) {
      const own = orders.interface.parseLog(log);
      if (own?.name === "OrderSkipped") reasons.module.push(skipReason(own.args.reason) ?? own.args.reason);
      const theirs = vault.interface.parseLog(log);
      if (theirs?.name === "FillSkipped") reasons.vault.push(vault.interface.getError(theirs.args.reason)?.name ?? theirs.args.reason);
    }
    return reasons;
  }

  await fund(takerAccount, 100_000n);
  for (const key of [alice, bob]) await fund(accountIdOf(key.address), 10_000n);
  await base.post(0, UNIT);
  return {
    ...base,
    orders,
    venue,
    taker,
    takerAccount,
    fund,
    pledge,
    execute,
    fill,
    trade,
    tradeOf,
    cancelOf,
    filledOf,
    lotsOf,
    cashOf,
    reasonsOf,
  };
}

/** A taker who buys whatever there is. */
export function anyLots(changes: Partial<TakerLimit> = {}): TakerLimit {
  return limit({ lots: 2n ** 47n, ...changes });
}
