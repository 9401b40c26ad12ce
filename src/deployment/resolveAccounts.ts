import { getAddress } from "ethers";
import { BadInput } from "../sdk/failure.ts";
import type { PlimsollParameters } from "./parameters.ts";

/**
 * The parameters with every `account:N` replaced by the N-th of `accounts`.
 * Throws BadInput when there is no such account, or when the deployer, who renounces at the end, would hold a role.
 */
export function resolveAccounts(parameters: PlimsollParameters, accounts: readonly string[]): PlimsollParameters {
  const resolve = (holder: string): string => {
    const match = /^account:(\d+)$/.exec(holder);
    if (match === null) return getAddress(holder);
    const account = accounts[Number(match[1])];
    if (account === undefined) throw new BadInput(`${holder}: the network has ${accounts.length} accounts`);
    return getAddress(account);
  };
  const group = <Group extends { readonly signers: string[] }>(signers: Group): Group => ({
    ...signers,
    signers: signers.signers.map(resolve),
  });
  const { admin, parameters: setting, canceller, guardian } = parameters.roles;
  const roles = {
    admin: { ...admin, holders: admin.holders.map(resolve) },
    parameters: { ...setting, holders: setting.holders.map(resolve) },
    canceller: { ...canceller, holders: canceller.holders.map(resolve) },
    guardian: { ...guardian, holders: guardian.holders.map(resolve) },
  };
  const deployer = accounts[0] === undefined ? undefined : getAddress(accounts[0]);
  for (const [name, role] of Object.entries(roles)) {
    if (role.holders.some((holder) => holder === deployer)) throw new BadInput(`roles.${name}: the deployer may hold no role`);
  }
  return {
    ...parameters,
    roles,
    rates: group(parameters.rates),
    ...(parameters.prices === undefined ? {} : { prices: group(parameters.prices) }),
    ...(parameters.volatilities === undefined ? {} : { volatilities: group(parameters.volatilities) }),
  };
}
