import * as z from "zod/mini";
import { addressFault } from "./address.ts";
import { BadInput } from "./failure.ts";

// each kind says itself what is wrong: the small zod has no words of its own, and a page has room for no other
const text = z.string("is not a text");
const whole = z.int("is not a whole number");
const address = text.check(
  z.superRefine((value, context) => {
    const fault = addressFault(value);
    if (fault !== undefined) context.addIssue(`is ${fault}`);
  }),
);
const fields = (issue: { readonly code?: string; readonly keys?: readonly string[] }): string =>
  issue.code === "unrecognized_keys" ? `knows no ${issue.keys?.join(", ")}` : "is no object";
const token = z.strictObject({ symbol: text, address, decimals: whole }, { error: fields });

/** What the file of a deployment says; `deployments/<network>.json`. Indices are places in the arrays. */
const schema = z.strictObject(
  {
    network: text,
    chainId: whole,
    /** Block from which the events of the deployment are read. */
    block: whole,
    deployer: address,
    contracts: z.strictObject(
      {
        authority: address,
        vault: address,
        /** Its code runs in the vault, which hands on to it what it does not know itself. */
        vaultExtension: address,
        insuranceFund: address,
        orders: address,
        lens: address,
        liquidationBatch: address,
        /** None in deployments of before there was one. */
        liquidityPool: z.optional(address),
        signedSource: z.optional(address),
        chainlinkSource: z.optional(address),
        pythSource: z.optional(address),
        signedRateSource: address,
        signedVolatilitySource: z.optional(address),
      },
      { error: fields },
    ),
    settlementToken: token,
    underlyings: z.array(
      z.strictObject(
        {
          symbol: text,
          lotExponent: whole,
          /** The vault's price sources in its order; `postPrice` takes an update for each. */
          sources: z.array(z.enum(["chainlink", "pyth", "signed"], "is none of chainlink, pyth, signed"), "is no list"),
          /** Feed identifiers of the signed sources (bytes32). */
          priceFeed: z.optional(text),
          rateFeed: text,
          /** Feed identifier of the volatilities of its series (bytes32), where it has one. */
          volatilityFeed: z.optional(text),
        },
        { error: fields },
      ),
      "is no list",
    ),
    collaterals: z.array(z.extend(token, { underlying: whole }), "is no list"),
    modules: z.strictObject({ orders: whole, pool: z.optional(whole) }, { error: fields }),
  },
  { error: fields },
);

/** Addresses and indices of one deployment. */
export type DeploymentRecord = z.infer<typeof schema>;

/**
 * Checks what came from outside to be the record of a deployment.
 * @param place where it came from, for the message
 * @throws BadInput that names the first field at fault
 * @example
 * const checked = toDeploymentRecord(JSON.parse(JSON.stringify(record)), "local.json");
 * checked.network // "local"
 */
export function toDeploymentRecord(value: unknown, place: string): DeploymentRecord {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new BadInput([place, issue?.path.join("."), issue?.message ?? "malformed"].filter(Boolean).join(": "));
}
