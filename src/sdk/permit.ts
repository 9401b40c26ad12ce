import { AbiCoder, Interface, Signature, type TypedDataDomain } from "ethers";
import type { AccountId } from "../engine/types/types.ts";
import { type EncodedAction, KIND } from "./actions.ts";
import type { TokenRecord } from "./approval.ts";
import { callContract } from "./readState.ts";
import type { Rpc } from "./rpc.ts";
import type { TypedSigner } from "./wallet.ts";

const TOKEN = new Interface([
  "function nonces(address) view returns (uint256)",
  "function name() view returns (string)",
  "function DOMAIN_SEPARATOR() view returns (bytes32)",
  "function eip712Domain() view returns (bytes1, string, string, uint256, address, bytes32, uint256[])",
]);

const TYPES = {
  Permit: [
    { name: "owner", type: "address" },
    { name: "spender", type: "address" },
    { name: "value", type: "uint256" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint256" },
  ],
};

/** The signature that allows a spender to take tokens once (ERC-2612). */
export type Permit = { readonly deadline: bigint; readonly v: number; readonly r: string; readonly s: string };

/**
 * Whether a token takes permits (ERC-2612).
 * @example
 * await hasPermit(rpc, record.settlementToken, wallet.address) // true
 */
export async function hasPermit(rpc: Rpc, { address }: TokenRecord, owner: string): Promise<boolean> {
  const asked = await Promise.allSettled([
    callContract(rpc, TOKEN, address, "nonces", [owner]),
    callContract(rpc, TOKEN, address, "DOMAIN_SEPARATOR", []),
  ]);
  return asked.every(({ status }) => status === "fulfilled");
}

/**
 * Signs that `spender` may take `units` of a token until `deadline`.
 * @param units of the token
 * @param deadline unix seconds
 * @example
 * const permit = await signPermit(rpc, rpcSigner(rpc, wallet.address), record.settlementToken, record.contracts.vault, 5_000_000n, 2n ** 33n);
 * permit.v === 27 || permit.v === 28 // true
 */
export async function signPermit(
  rpc: Rpc,
  signer: TypedSigner,
  token: TokenRecord,
  spender: string,
  units: bigint,
  deadline: bigint,
): Promise<Permit> {
  const owner = await signer.getAddress();
  const [[nonce], domain] = await Promise.all([callContract(rpc, TOKEN, token.address, "nonces", [owner]), domainOf(rpc, token)]);
  const signature = Signature.from(await signer.signTypedData(domain, TYPES, { owner, spender, value: units, nonce, deadline }));
  return { deadline, v: signature.v, r: signature.r, s: signature.s };
}

/** As the token says it (EIP-5267), otherwise its name and version 1. */
async function domainOf(rpc: Rpc, { address }: TokenRecord): Promise<TypedDataDomain> {
  try {
    const [, name, version, chainId, verifyingContract] = await callContract(rpc, TOKEN, address, "eip712Domain", []);
    return { name, version, chainId, verifyingContract } as TypedDataDomain;
  } catch {
    const [[name], chainId] = await Promise.all([callContract(rpc, TOKEN, address, "name", []), rpc("eth_chainId")]);
    return { name: name as string, version: "1", chainId: BigInt(chainId as string), verifyingContract: address };
  }
}

/**
 * A deposit that needs no approval before it.
 * @param amount in units of the token, as the permit says
 * @example
 * const permit = { deadline: 2n ** 33n, v: 27, r: `0x${"11".repeat(32)}`, s: `0x${"22".repeat(32)}` };
 * permitDepositAction(accountIdOf(wallet.address), SETTLEMENT_TOKEN, 5_000_000n, permit).kind // 1
 */
export function permitDepositAction(account: AccountId, token: number, amount: bigint, permit: Permit): EncodedAction {
  const { deadline, v, r, s } = permit;
  const types = ["uint8", "uint256", "uint256", "uint8", "bytes32", "bytes32"];
  return { kind: KIND.permitDeposit, account, data: AbiCoder.defaultAbiCoder().encode(types, [token, amount, deadline, v, r, s]) };
}
