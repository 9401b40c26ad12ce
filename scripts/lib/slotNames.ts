import { toBeHex } from "ethers";
import { vaultFields, vaultSlot } from "../../src/deployment/vaultSlots.ts";
import { accountIdOf } from "../../src/engine/types/accountId.ts";
import type { AccountId } from "../../src/engine/types/types.ts";
import type { DeploymentRecord } from "../../src/sdk/deploymentRecord.ts";

type Named = { readonly section: string; readonly slot: string };

/** What slots and contracts are called, as far as they belong to what is known. */
export type SlotNames = {
  readonly nameOf: (contract: string, slot: bigint) => Named;
  readonly contractOf: (address: string) => string;
};

const FUND_WORDS = 34; // words of `fundAccounts`: one an underlying, and two of the fund as a whole
const NONCE_WORDS = 40n;
const NUMBERED = /^(.*?) \d+$/;

/**
 * @param people by name, with their sub-accounts
 * @param others contracts that the record does not name
 */
export function slotNames(
  record: DeploymentRecord,
  people: ReadonlyMap<string, readonly AccountId[]>,
  others: ReadonlyMap<string, string>,
): SlotNames {
  const known = new Map<string, Named>();
  const put = (contract: string, slot: string, section: string, name: string): void =>
    void known.set(`${contract.toLowerCase()} ${BigInt(slot)}`, { section, slot: name });
  const { vault, insuranceFund, orders } = record.contracts;
  const symbols = record.underlyings.map(({ symbol }) => symbol);
  const tokens = record.collaterals.map(({ symbol }) => symbol);
  const accounts = new Map<AccountId, { section: string; name: string }>();
  for (const [name, ids] of people) {
    const section = `account of ${NUMBERED.exec(name)?.[1] ?? name}`;
    for (const [i, account] of ids.entries()) accounts.set(account, { section, name: i === 0 ? name : `${name}/${i}` });
  }
  accounts.set(accountIdOf(insuranceFund), { section: "fund", name: "main" });
  for (const [u, symbol] of symbols.entries()) accounts.set(accountIdOf(insuranceFund, BigInt(u + 1)), { section: "fund", name: symbol });

  for (const [account, { section, name }] of accounts) {
    put(vault, vaultSlot("headers", account), section, `headers[${name}]`);
    put(vault, vaultSlot("exchangeSince", account), section, `exchangeSince[${name}]`);
    for (const [u, symbol] of symbols.entries())
      put(vault, vaultSlot("positions", account, BigInt(u)), section, `positions[${name}][${symbol}]`);
    for (const [t, token] of tokens.entries())
      put(vault, vaultSlot("collateral", account, BigInt(t)), section, `collateral[${name}][${token}]`);
    for (let word = 0n; word < NONCE_WORDS; word++) {
      put(vault, vaultSlot("orderNonces", account, (BigInt(orders) << 40n) | word), "order nonces", `nonces[${name}][${word}]`);
    }
  }
  for (const [u, symbol] of symbols.entries()) {
    for (const field of ["prices", "samples", "pendings", "fundings", "tradings", "volatilities", "guards", "rateSources"]) {
      put(vault, vaultSlot(field, BigInt(u)), `underlying ${symbol}`, `${field}[${symbol}]`);
    }
    for (let i = 0n; i < 3n; i++) put(vault, vaultSlot("sources", BigInt(u), i), `underlying ${symbol}`, `sources[${symbol}][${i}]`);
  }
  for (const [u, symbol] of symbols.entries()) put(vault, vaultSlot("shortfalls", BigInt(u)), "fund", `shortfalls[${symbol}]`);
  for (let word = 0; word < FUND_WORDS; word++) {
    put(vault, vaultSlot("fundAccounts", BigInt(word)), "fund", `fundAccounts[${symbols[word] ?? word}]`);
  }
  for (const [t, token] of tokens.entries()) {
    for (const field of ["collaterals", "supplies"]) put(vault, vaultSlot(field, BigInt(t)), `collateral ${token}`, `${field}[${token}]`);
  }
  put(vault, vaultSlot("modules", BigInt(record.modules.orders)), "vault", "modules[orders]");
  for (const field of ["totals", "marginParameters", "liquidationParameters", "fundParameters", "listed", "watched"]) {
    if (vaultFields().includes(field)) put(vault, vaultSlot(field), "vault", field);
  }

  const contracts = new Map([...others].map(([address, name]) => [address.toLowerCase(), name]));
  for (const [name, address] of Object.entries(record.contracts)) contracts.set(address.toLowerCase(), name);
  for (const { symbol, address } of [record.settlementToken, ...record.collaterals])
    contracts.set(address.toLowerCase(), `token ${symbol}`);
  const contractOf = (address: string): string => contracts.get(address.toLowerCase()) ?? "outside";
  return {
    contractOf,
    nameOf: (contract, slot) =>
      known.get(`${contract.toLowerCase()} ${slot}`) ?? {
        section: contractOf(contract),
        slot: slot < 100n ? `slot ${slot}` : `${toBeHex(slot, 32).slice(0, 10)}…`,
      },
  };
}
