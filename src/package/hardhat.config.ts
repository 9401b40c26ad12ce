import hardhatEthers from "@nomicfoundation/hardhat-ethers";
import { defineConfig } from "hardhat/config";

/** What devnet and demo of the package run on: contracts that are compiled already. Paths are from the package's own folder. */
export default defineConfig({
  plugins: [hardhatEthers],
  paths: { artifacts: "./dist/artifacts", cache: "./dist/cache" },
  networks: { local: { type: "http", url: "http://127.0.0.1:8545" } },
});
