import { errorInWords, Failure, providerRpc, type Rpc, switchChain } from "../../src/package/browser.ts";
import { live, node } from "./live.ts";
import { store, useStore } from "./store.ts";

// Wallets by EIP-6963, told apart by their events of EIP-1193; on a local chain the node's own accounts as well.

type Provider = {
  readonly request: (asked: { method: string; params?: unknown[] }) => Promise<unknown>;
  readonly on?: (event: string, hear: (value: never) => void) => void;
  readonly removeListener?: (event: string, hear: (value: never) => void) => void;
};

/** A wallet as it announces itself. */
export type Announced = {
  readonly id: string;
  readonly name: string;
  readonly icon: string | undefined;
  readonly provider: Provider;
};

export type WalletState = {
  readonly announced: readonly Announced[];
  /** Accounts that the node of a local chain holds. */
  readonly local: readonly string[];
  readonly using: Announced | undefined;
  readonly address: string | undefined;
  readonly chainId: number | undefined;
  readonly busy: boolean;
  readonly error: string | undefined;
};

export const wallet = store<WalletState>({
  announced: [],
  local: [],
  using: undefined,
  address: undefined,
  chainId: undefined,
  busy: false,
  error: undefined,
});

export const LOCAL_CHAIN = 31_337;
const REMEMBERED = "plimsoll wallet";
const remember = (value: string | undefined): void => {
  try {
    if (value === undefined) localStorage.removeItem(REMEMBERED);
    else localStorage.setItem(REMEMBERED, value);
  } catch {
    // a page without storage forgets
  }
};
const remembered = (): string | undefined => {
  try {
    return localStorage.getItem(REMEMBERED) ?? undefined;
  } catch {
    return undefined;
  }
};

/** Listens to wallets that announce themselves, and goes back to the one that was used. */
export function discover(): void {
  addEventListener("eip6963:announceProvider", (event) => {
    const { info, provider } = (
      event as CustomEvent<{ info: { uuid: string; rdns: string; name: string; icon?: string }; provider: Provider }>
    ).detail;
    // only pictures within the announcement: nothing is fetched from elsewhere
    const icon = info.icon?.startsWith("data:image/") ? info.icon : undefined;
    const found: Announced = { id: info.rdns, name: info.name, icon, provider };
    wallet.set(({ announced }) => ({ announced: [...announced.filter(({ id }) => id !== found.id), found] }));
    if (remembered() === found.id && wallet.get().using === undefined) void connectTo(found, false);
  });
  dispatchEvent(new Event("eip6963:requestProvider"));
}

/** The accounts of a local chain's node, which signs for them: their keys are known to everybody. */
export async function findLocal(): Promise<void> {
  if (node.record.chainId !== LOCAL_CHAIN) return;
  const accounts = (await node.rpc("eth_accounts").catch(() => [])) as string[];
  wallet.set({ local: accounts });
  const index = /^local (\d+)$/.exec(remembered() ?? "")?.[1];
  if (index !== undefined && wallet.get().using === undefined) takeLocal(Number(index));
}

export function takeLocal(index: number): void {
  const address = wallet.get().local[index];
  if (address === undefined) return;
  leave();
  const provider: Provider = { request: ({ method, params = [] }) => node.rpc(method, params) };
  wallet.set({
    using: { id: `local ${index}`, name: `Local account ${index}`, icon: undefined, provider },
    address,
    chainId: node.record.chainId,
    error: undefined,
  });
  remember(`local ${index}`);
}

let unhear = (): void => {};

/** Uses a wallet. @param asks whether its owner may be asked */
export async function connectTo(found: Announced, asks = true): Promise<void> {
  wallet.set({ busy: asks, error: undefined });
  try {
    const accounts = (await found.provider.request({ method: asks ? "eth_requestAccounts" : "eth_accounts" })) as string[];
    const chainId = Number(await found.provider.request({ method: "eth_chainId" }));
    if (accounts[0] === undefined) {
      wallet.set({ busy: false });
      return;
    }
    unhear();
    const hears: [string, (value: never) => void][] = [
      ["accountsChanged", ((told: string[]) => (told[0] === undefined ? leave() : wallet.set({ address: told[0] }))) as never],
      ["chainChanged", ((told: string) => wallet.set({ chainId: Number(told) })) as never],
      ["disconnect", (() => wallet.set({ chainId: undefined, error: `${found.name} has lost its network` })) as never],
      ["connect", (({ chainId: told }: { chainId: string }) => wallet.set({ chainId: Number(told), error: undefined })) as never],
    ];
    for (const [event, hear] of hears) found.provider.on?.(event, hear);
    unhear = () => {
      for (const [event, hear] of hears) found.provider.removeListener?.(event, hear);
    };
    wallet.set({ using: found, address: accounts[0], chainId, busy: false });
    remember(found.id);
  } catch (error) {
    const no = (error as { code?: unknown }).code === 4001;
    wallet.set({
      busy: false,
      error: no
        ? `${found.name}: you said no. Connect again when you like.`
        : `${found.name}: ${String((error as Error).message ?? error)}`,
    });
  }
}

export function leave(): void {
  unhear();
  unhear = () => {};
  remember(undefined);
  wallet.set({ using: undefined, address: undefined, chainId: undefined, error: undefined });
}

/** Asks the wallet to come to the chain of the deployment. */
export async function goToChain(): Promise<void> {
  const { using } = wallet.get();
  if (using === undefined) return;
  try {
    await switchChain(providerRpc(using.provider), node.record, node.address === undefined ? [] : [node.address]);
    wallet.set({ chainId: Number(await using.provider.request({ method: "eth_chainId" })), error: undefined });
  } catch (error) {
    wallet.set({ error: errorInWords(error, node.record) });
  }
}

/** Who acts, as of when the flow began. */
export type Session = {
  readonly address: string;
  /** Of the wallet. */
  readonly rpc: Rpc;
  /** @throws Failure where the wallet has gone to another account or chain since */
  readonly check: () => void;
};

export function session(): Session {
  const { using, address, chainId } = wallet.get();
  if (using === undefined || address === undefined) throw new Failure("connect a wallet first");
  if (chainId !== node.record.chainId) throw new Failure(`your wallet is on another network: switch it to ${node.record.network}`);
  const rpc = providerRpc(using.provider);
  return {
    address,
    rpc,
    check: () => {
      const now = wallet.get();
      if (now.address?.toLowerCase() !== address.toLowerCase())
        throw new Failure("your wallet went to another account meanwhile: nothing more was done, begin again with that one");
      if (now.chainId !== chainId) throw new Failure("your wallet went to another network meanwhile: nothing more was done");
    },
  };
}

export function useWallet(): WalletState {
  return useStore(wallet);
}

/** Whether the wallet is on the chain of the deployment. */
export function useOnChain(): boolean {
  const { chainId } = useWallet();
  return live.get().phase === "ready" && chainId === node.record.chainId;
}

/** The requests of the first wallet that says anything, for a page without a node. */
export async function anyWallet(): Promise<Rpc> {
  for (let i = 0; i < 20 && wallet.get().announced.length === 0; i++) await new Promise((resolve) => setTimeout(resolve, 100));
  const [first] = wallet.get().announced;
  if (first === undefined) throw new Failure("plimsoll.json names no node, and no wallet is installed to read through");
  return providerRpc(first.provider);
}
