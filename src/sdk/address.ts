import { getAddress } from "ethers";

/** Why a text is no address; undefined where it is one. An address in mixed case holds a checksum of itself: a slip of the pen shows. */
export function addressFault(text: string): string | undefined {
  if (!/^0x[0-9a-fA-F]{40}$/.test(text)) return "not an address";
  try {
    getAddress(text);
    return undefined;
  } catch {
    return "an address whose capital letters do not match it: a character is wrong";
  }
}
