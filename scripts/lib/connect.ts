import hre from "hardhat";
import type { Connection } from "../../src/deployment/deployPlimsoll.ts";
import { BadInput } from "../../src/sdk/failure.ts";
import { providerRpc, retryingRpc } from "../../src/sdk/rpc.ts";

/**
 * Connects to a network of hardhat.config.ts, with its address and keys from the keystore or the environment.
 * @throws BadInput when there is no such network, or when its key is none; the key is never shown
 */
export async function connect(name: string): Promise<Connection> {
  if (hre.config.networks[name] === undefined) throw new BadInput(`hardhat.config.ts has no network ${name}`);
  const connection = patient(await hre.network.create(name));
  try {
    await connection.provider.request({ method: "eth_accounts" });
  } catch (error) {
    const keyIsNone = error instanceof Error && /expected 32 bytes|private key|invalid hex|hex string|scalar/i.test(error.message);
    if (keyIsNone)
      throw new BadInput(
        `the key of ${name} is not a private key of 32 bytes in hexadecimal`,
        "set it again: npx hardhat keystore set --force",
      );
    throw error;
  }
  return connection;
}

/** Whoever asks through a connection, Hardhat, Ignition and ethers too, asks again where a node says that it may. */
export function patient(connection: Connection): Connection {
  const rpc = retryingRpc(providerRpc({ request: connection.provider.request.bind(connection.provider) }));
  connection.provider.request = (({ method, params = [] }: { method: string; params?: unknown[] }) =>
    rpc(method, params)) as typeof connection.provider.request;
  return connection;
}
