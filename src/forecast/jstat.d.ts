declare module "jstat" {
  const jstat: {
    readonly chisquare: { cdf(x: number, freedom: number): number };
    readonly binomial: { cdf(count: number, of: number, probability: number): number };
    lowRegGamma(shape: number, x: number): number;
    quantiles(values: ArrayLike<number>, at: readonly number[], alpha: number, beta: number): number[];
  };
  // biome-ignore lint/style/noDefaultExport: as the library has it
  export default jstat;
}
