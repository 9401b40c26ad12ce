import { type BaseContract, Contract, type ContractRunner } from "ethers";
import { artifacts } from "hardhat";

/** A deployed contract by the name of its artifact; `Type` is its TypeChain type. */
export async function attach<Type extends BaseContract>(name: string, address: string, runner: ContractRunner): Promise<Type> {
  const { abi } = await artifacts.readArtifact(name);
  return new Contract(address, abi, runner) as unknown as Type;
}
