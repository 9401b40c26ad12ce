import { type BaseContract, Contract, type ContractRunner, Interface } from "ethers";
import { artifacts } from "hardhat";

// dear to make, and a read-back asks for the same ones over and over
const interfaces = new Map<string, Interface>();

/** A deployed contract by the name of its artifact; `Type` is its TypeChain type. */
export async function attach<Type extends BaseContract>(name: string, address: string, runner: ContractRunner): Promise<Type> {
  let known = interfaces.get(name);
  if (known === undefined) {
    const { abi } = await artifacts.readArtifact(name);
    known = new Interface(abi);
    interfaces.set(name, known);
  }
  return new Contract(address, known, runner) as unknown as Type;
}
