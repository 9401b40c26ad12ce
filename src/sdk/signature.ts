import { recoverAddress, Signature } from "ethers";

/**
 * A signature in the one form that contracts read: 65 bytes that end with 27 or 28. Wallets return 0 or 1 there as well, or 64 bytes (EIP-2098).
 * What is no signature of a key, as of a wallet that is a contract, is left as it is.
 */
export function normalSignature(signature: string): string {
  try {
    return Signature.from(signature).serialized;
  } catch {
    return signature;
  }
}

/**
 * Whether a key signed a digest.
 * @example
 * const digest = `0x${"ab".repeat(32)}`;
 * isSignedBy(wallet.address, digest, wallet.signingKey.sign(digest).serialized) // true
 */
export function isSignedBy(signer: string, digest: string, signature: string): boolean {
  try {
    return BigInt(recoverAddress(digest, Signature.from(signature))) === BigInt(signer);
  } catch {
    return false;
  }
}

/** The signature of `signer`: in the normal form where its key made it, otherwise as it is, for a wallet that is a contract reads its own. */
export function signatureOf(signer: string, digest: string, signature: string): string {
  return isSignedBy(signer, digest, signature) ? normalSignature(signature) : signature;
}
