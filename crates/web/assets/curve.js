// Draws the curve of a figure above the table that says the same. Without this script the table is there all the same.
const draw = (figure) => {
  const plot = figure.querySelector(".curve-plot");
  const rows = [...figure.querySelectorAll("tr[data-at]")].reverse();
  const points = rows.map((row) => [Number(row.dataset.at), row.dataset.value === undefined ? null : Number(row.dataset.value)]);
  const known = points.filter(([, value]) => value !== null);
  if (!window.uPlot || known.length < 2) return;
  // What was recorded holds until something else was.
  const data = [points.map(([at]) => at), points.map(([, value]) => value)];
  const style = getComputedStyle(figure);
  const ink = style.getPropertyValue("--curve-ink").trim() || "#0b3d6b";
  const text = style.color;
  const grid = { stroke: style.getPropertyValue("--curve-grid").trim() || "#ccd", width: 1 };
  const axis = { stroke: text, grid, ticks: grid, font: "14px sans-serif" };
  const two = (number) => String(number).padStart(2, "0");
  const day = (at) => {
    const date = new Date(at * 1000);
    const year = document.documentElement.lang === "en" ? date.getFullYear() : date.getFullYear() - 1911;
    return `${year}/${two(date.getMonth() + 1)}/${two(date.getDate())}`;
  };
  const size = () => ({ width: Math.max(plot.clientWidth, 160), height: 180 });
  const chart = new window.uPlot(
    {
      ...size(),
      legend: { show: false },
      cursor: { drag: { x: false, y: false } },
      axes: [{ ...axis, space: 90, values: (_, marks) => marks.map(day) }, { ...axis, size: 56 }],
      padding: [8, 40, 0, 0],
      scales: { y: { range: (_, least, most) => [Math.min(least, 0), most > 0 ? most * 1.05 : 1] } },
      series: [
        {},
        { label: figure.dataset.label, stroke: ink, width: 2, points: { show: known.length < 60, size: 6 }, paths: window.uPlot.paths.stepped({ align: 1 }) },
      ],
    },
    data,
    plot,
  );
  new ResizeObserver(() => chart.setSize(size())).observe(plot);
};
document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-curve]").forEach(draw));
