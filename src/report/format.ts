const STEPS: readonly (readonly [size: number, suffix: string])[] = [
  [1e9, " bn"],
  [1e6, " M"],
  [1e3, " k"],
];

/** A number in three or four digits that a person can read: 1.25 M, 940, 0.35. */
export function compact(value: number): string {
  const size = Math.abs(value);
  for (const [step, suffix] of STEPS) {
    if (size >= step * 0.9995) return `${digits(value / step)}${suffix}`;
  }
  return digits(value);
}

function digits(value: number): string {
  const size = Math.abs(value);
  if (value === 0) return "0";
  const places = size >= 100 ? 0 : size >= 10 ? 1 : 2;
  return value.toFixed(places).replace(/\.0+$/, "").replace("-", "−");
}

export function percent(fraction: number, places = 1): string {
  return `${(fraction * 100).toFixed(places).replace("-", "−")} %`;
}

export function utcTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ");
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
