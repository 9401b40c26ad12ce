import { z } from "zod";
import { addressText as address } from "./address.ts";
import { BadInput } from "./failure.ts";

const token = z.strictObject({ symbol: z.string(), address, decimals: z.int() });

/** What the file of a deployment says; `deployments/<network>.json`. Indices are places in the arrays. */
const schema = z.strictObject({
  network: z.string(),
  chainId: z.int(),
  /** Block from which the events of the deployment are read. */
  block: z.int(),
  deployer: address,
  contracts: z.strictObject({
    authority: address,
    vault: address,
    /** Its code runs in the vault, which hands on to it what it does not know itself. */
    vaultExtension: address,
    insuranceFund: address,
    orders: address,
    lens: address,
    liquidationBatch: address,
    signedSource: address.optional(),
    chainlinkSource: address.optional(),
    pythSource: address.optional(),
    signedRateSource: address,
    signedVolatilitySource: address.optional(),
  }),
  settlementToken: token,
  underlyings: z.array(
    z.strictObject({
      symbol: z.string(),
      lotExponent: z.int(),
      /** The vault's price sources in its order; `postPrice` takes an update for each. */
      sources: z.array(z.enum(["chainlink", "pyth", "signed"])),
      /** Feed identifiers of the signed sources (bytes32). */
      priceFeed: z.string().optional(),
      rateFeed: z.string(),
      /** Feed identifier of the volatilities of its series (bytes32), where it has one. */
      volatilityFeed: z.string().optional(),
    }),
  ),
  collaterals: z.array(token.extend({ underlying: z.int() })),
  modules: z.strictObject({ orders: z.int() }),
});

/** Addresses and indices of one deployment. */
export type DeploymentRecord = z.infer<typeof schema>;

/** Checks `value`, which came from `place`, to be a deployment record; throws BadInput that names the first field at fault. */
export function toDeploymentRecord(value: unknown, place: string): DeploymentRecord {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new BadInput(`${place}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "malformed"}`);
}
