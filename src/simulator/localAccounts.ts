import { HDNodeWallet, Wallet } from "ethers";

/** The chain of every Hardhat node, whose clock, prices and keys are ours. */
export const LOCAL_CHAIN = 31_337;

/** Mnemonic of local chains, known to everybody: its accounts hold nothing anywhere else. */
const LOCAL_MNEMONIC = "test test test test test test test test test test test junk";
const wallets = new Map<number, Wallet>();

/** The N-th account of a local chain. */
export function localWallet(index: number): Wallet {
  const known = wallets.get(index);
  if (known) return known;
  const wallet = new Wallet(HDNodeWallet.fromPhrase(LOCAL_MNEMONIC, undefined, `m/44'/60'/0'/0/${index}`).privateKey);
  wallets.set(index, wallet);
  return wallet;
}
