import { BarChart, LineChart, ScatterChart } from "echarts/charts";
import { GridComponent, MarkAreaComponent, MarkLineComponent, TitleComponent } from "echarts/components";
import { type EChartsCoreOption, init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

// All that is used of ECharts comes in here: in the package this file holds it, so that nobody installs 66 MB for a part of one.
use([LineChart, BarChart, ScatterChart, GridComponent, MarkAreaComponent, MarkLineComponent, TitleComponent, SVGRenderer]);

export type ChartOption = EChartsCoreOption;

/** An option of ECharts as SVG, with its own view box. */
export function renderSvg(option: ChartOption, width: number, height: number): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, width, height });
  try {
    chart.setOption({ animation: false, useUTC: true, ...option });
    return chart.renderToSVGString({ useViewBox: true });
  } finally {
    // what is not disposed of keeps the process alive
    chart.dispose();
  }
}
