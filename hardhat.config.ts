import { createRequire } from "node:module";
import hardhatIgnitionEthers from "@nomicfoundation/hardhat-ignition-ethers";
import hardhatToolboxMochaEthers from "@nomicfoundation/hardhat-toolbox-mocha-ethers";
import { configVariable, defineConfig } from "hardhat/config";

const require = createRequire(import.meta.url);

export default defineConfig({
  plugins: [hardhatToolboxMochaEthers, hardhatIgnitionEthers],
  solidity: {
    version: "0.8.37",
    // The compiler is the npm package: a build downloads nothing.
    path: require.resolve("solc/soljson.js"),
    // deployed as it is
    npmFilesToBuild: ["@openzeppelin/contracts/access/manager/AccessManager.sol"],
    settings: {
      viaIR: true,
      evmVersion: "prague",
      optimizer: { enabled: true, runs: 200 },
    },
  },
  paths: { sources: "./contracts", tests: "./test", ignition: "./deploy" },
  typechain: { outDir: "typechain-types" },
  networks: {
    local: { type: "http", url: "http://127.0.0.1:8545" },
    // Address and key come from Hardhat's keystore (`npx hardhat keystore set DEPLOYER_KEY`) or the environment.
    sepolia: { type: "http", chainType: "l1", url: configVariable("SEPOLIA_URL"), accounts: [configVariable("DEPLOYER_KEY")] },
  },
});
