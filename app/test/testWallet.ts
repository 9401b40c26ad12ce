import { Transaction, type TypedDataField, Wallet } from "ethers";
import type { BrowserContext, Page } from "playwright-core";
import type { Rpc } from "../../src/package/browser.ts";

type Asked = { readonly method: string; readonly params?: readonly unknown[] };
type Typed = { domain: Record<string, unknown>; types: Record<string, TypedDataField[]>; message: Record<string, unknown> };

/** What a wallet's owner would do, in Node: keys never enter the page. */
export type TestWallet = {
  /** Keys by place; the first that is in use is `current`. */
  readonly use: (index: number) => Promise<void>;
  readonly moveToChain: (chainId: number) => Promise<void>;
  /** The next request for a signature or a transaction is refused, as an owner does. */
  readonly refuseNext: () => void;
  /** Runs before the next signature is given. */
  readonly beforeNext: (work: () => Promise<void>) => void;
  readonly address: () => string;
  /** Methods that asked the owner, in order. */
  readonly asked: string[];
};

const NAME = "plimsollTestWallet";
const ASKS = /^(eth_sendTransaction|eth_signTypedData_v4)$/;

/**
 * Announces a wallet by EIP-6963 in every page of a context.
 * @param page whose wallet hears of changes
 */
export async function installWallet(
  context: BrowserContext,
  page: Page,
  rpc: Rpc,
  keys: readonly string[],
  chainId: number,
): Promise<TestWallet> {
  let current = 0;
  let chain = chainId;
  let known = [chainId];
  let refuses = false;
  let before: (() => Promise<void>) | undefined;
  const asked: string[] = [];
  const key = (): Wallet => new Wallet(keys[current] as string);
  const emit = (event: string, value: unknown): Promise<void> =>
    page.evaluate(
      ([name, told]) => (window as never as { emitWallet: (name: string, told: unknown) => void }).emitWallet(name as string, told),
      [event, value] as const,
    );
  const moveToChain = async (next: number): Promise<void> => {
    chain = next;
    await emit("chainChanged", `0x${next.toString(16)}`);
  };
  const answer = async ({ method, params = [] }: Asked): Promise<unknown> => {
    if (ASKS.test(method)) {
      asked.push(method);
      if (refuses) {
        refuses = false;
        throw { code: 4001, message: "User rejected the request." };
      }
      const work = before;
      before = undefined;
      await work?.();
    }
    switch (method) {
      case "eth_requestAccounts":
      case "eth_accounts":
        return [key().address.toLowerCase()];
      case "eth_chainId":
        return `0x${chain.toString(16)}`;
      case "wallet_switchEthereumChain": {
        const wanted = Number((params[0] as { chainId: string }).chainId);
        if (!known.includes(wanted)) throw { code: 4902, message: "Unrecognized chain ID" };
        await moveToChain(wanted);
        return null;
      }
      case "wallet_addEthereumChain": {
        const wanted = Number((params[0] as { chainId: string }).chainId);
        known = [...known, wanted];
        await moveToChain(wanted);
        return null;
      }
      case "eth_signTypedData_v4": {
        const [address, text] = params as readonly string[];
        if (address?.toLowerCase() !== keyOf(keys, address)?.address.toLowerCase()) throw { code: 4100, message: "Unauthorized" };
        const { domain, types, message } = JSON.parse(text as string) as Typed;
        const { EIP712Domain: _, ...own } = types;
        return (keyOf(keys, address) as Wallet).signTypedData(domain, own, message);
      }
      case "eth_sendTransaction": {
        const [sent] = params as readonly { from: string; to: string; data: string; gas: string; value?: string }[];
        const { from, to, data, gas, value = "0x0" } = sent as { from: string; to: string; data: string; gas: string; value?: string };
        const nonce = Number(await rpc("eth_getTransactionCount", [from, "pending"]));
        const transaction = Transaction.from({ type: 0, to, data, gasLimit: gas, gasPrice: 0n, nonce, chainId: chain, value });
        const signed = await (keyOf(keys, from) as Wallet).signTransaction(transaction);
        return rpc("eth_sendRawTransaction", [signed]);
      }
      default:
        return rpc(method, params);
    }
  };
  await context.exposeFunction(NAME, async (request: Asked) => {
    try {
      return { result: await answer(request) };
    } catch (error) {
      const { code = -32_603, message = "", data } = error as { code?: unknown; message?: string; data?: unknown };
      return { error: { code: typeof code === "number" ? code : -32_603, message, data } };
    }
  });
  await context.addInitScript((name) => {
    const heard = new Map<string, Set<(value: unknown) => void>>();
    const at = (event: string): Set<(value: unknown) => void> => heard.get(event) ?? heard.set(event, new Set()).get(event)!;
    const ask = (request: unknown) =>
      (window as never as Record<string, (asked: unknown) => Promise<{ result?: unknown; error?: object }>>)[name]!(request);
    const provider = {
      request: async (request: unknown) => {
        const { result, error } = await ask(request);
        if (error !== undefined) throw Object.assign(new Error((error as { message: string }).message), error);
        return result;
      },
      on: (event: string, hear: (value: unknown) => void) => void at(event).add(hear),
      removeListener: (event: string, hear: (value: unknown) => void) => void at(event).delete(hear),
    };
    Object.assign(window, {
      emitWallet: (event: string, value: unknown) => {
        for (const hear of at(event)) hear(value);
      },
    });
    const info = {
      uuid: "3f1c0e9e-6a35-4b5b-9a5e-0f7c0a1d2b3c",
      name: "Test wallet",
      rdns: "test.wallet",
      icon: "data:image/svg+xml,<svg/>",
    };
    const announce = (): void =>
      void dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail: Object.freeze({ info, provider }) }));
    addEventListener("eip6963:requestProvider", announce);
    announce();
  }, NAME);
  return {
    use: async (index) => {
      current = index;
      await emit("accountsChanged", [key().address.toLowerCase()]);
    },
    moveToChain,
    refuseNext: () => {
      refuses = true;
    },
    beforeNext: (work) => {
      before = work;
    },
    address: () => key().address,
    asked,
  };
}

function keyOf(keys: readonly string[], address: string | undefined): Wallet | undefined {
  return keys.map((each) => new Wallet(each)).find((each) => each.address.toLowerCase() === address?.toLowerCase());
}
