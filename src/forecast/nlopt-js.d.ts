declare module "nlopt-js" {
  interface Optimize {
    setLowerBounds(bounds: number[]): void;
    setUpperBounds(bounds: number[]): void;
    setMaxeval(count: number): void;
    setMinObjective(objective: (point: Float64Array) => number, tolerance: number): void;
    optimize(start: number[]): { x: number[]; value: number; success: boolean };
  }
  const nlopt: {
    readonly ready: Promise<void>;
    readonly Algorithm: Readonly<Record<"LN_BOBYQA", number>>;
    readonly Optimize: new (algorithm: number, dimensions: number) => Optimize;
    readonly GC: { flush(): number };
  };
  // biome-ignore lint/style/noDefaultExport: as the library has it
  export default nlopt;
}
