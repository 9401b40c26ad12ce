import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, sep } from "node:path";

type Entry = { readonly artifactsDirectory?: unknown };

/**
 * Hardhat remembers by absolute paths what it compiled. Where the checkout was moved, or copied together with its artifacts, the cache is
 * rewritten for where it lies now, so that nothing is compiled anew. Anything else is left alone, a cache that cannot be read included: a build
 * then compiles what it needs.
 * @param root the project's folder
 * @returns whether the cache was of another place
 */
export function followCheckout(root: string): boolean {
  const path = join(root, "cache", "compile-cache.json");
  if (!existsSync(path)) return false;
  let cache: Record<string, Entry>;
  try {
    cache = Object(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return false;
  }
  const artifacts = `${sep}artifacts`;
  const places = Object.values(cache).map(({ artifactsDirectory }) => String(artifactsDirectory));
  // the last place is where it came from: entries of earlier ones are never taken out
  const before = places.at(-1)?.slice(0, -artifacts.length);
  if (before === undefined || places.includes(root + artifacts)) return false;
  const kept = Object.entries(cache).filter(([, { artifactsDirectory }]) => artifactsDirectory === before + artifacts);
  writeFileSync(path, JSON.stringify(moved(Object.fromEntries(kept), before + sep, root + sep)));
  return true;
}

function moved(value: unknown, from: string, to: string): unknown {
  if (typeof value === "string") return value.startsWith(from) ? to + value.slice(from.length) : value;
  if (Array.isArray(value)) return value.map((each) => moved(each, from, to));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [moved(key, from, to), moved(each, from, to)]));
}
