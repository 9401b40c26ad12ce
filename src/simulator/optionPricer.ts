import { network } from "hardhat";
import type { OptionPrices } from "../engine/math/options/black76.ts";

/** A European option on a forward; everything with 18 decimals, time in years, volatility and rate a year. */
export type OptionTerms = {
  readonly forward: bigint;
  readonly strike: bigint;
  readonly time: bigint;
  readonly volatility: bigint;
  readonly rate: bigint;
};

/** What the contract says, run on a chain of its own within this process. */
export async function priceByContract({ forward, strike, time, volatility, rate }: OptionTerms): Promise<OptionPrices> {
  const connection = await network.create();
  try {
    const pricer = await connection.ethers.deployContract("OptionPricer");
    const { call, put } = await pricer.price(forward, strike, time, volatility, rate);
    return { call, put };
  } finally {
    await connection.close();
  }
}
