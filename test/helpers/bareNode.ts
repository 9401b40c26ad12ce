import { network } from "hardhat";
import { httpRpc, type Rpc } from "../../src/sdk/rpc.ts";
import { type NodeProxy, nodeProxy } from "./nodeProxy.ts";

/** Hardhat's node with nothing deployed, and a proxy before it. `rpc` goes to the node itself. */
export type BareNode = { readonly rpc: Rpc; readonly proxy: NodeProxy; readonly close: () => Promise<void> };

export async function bareNode(): Promise<BareNode> {
  const server = await network.createServer({ override: { loggingEnabled: false } }, "127.0.0.1", 0);
  const url = `http://127.0.0.1:${(await server.listen()).port}`;
  const proxy = await nodeProxy(url);
  return {
    rpc: httpRpc(url),
    proxy,
    close: async () => {
      await proxy.close();
      void server.close();
    },
  };
}
