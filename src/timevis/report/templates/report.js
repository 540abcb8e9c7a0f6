const sharedLayout = {
  font: { family: "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif", size: 12, color: "#4a5059" },
  margin: { l: 56, r: 14, t: 26, b: 44 },
  legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { size: 11.5 } },
  hovermode: "x",
  paper_bgcolor: "rgba(0,0,0,0)",
  plot_bgcolor: "rgba(0,0,0,0)",
};
const locale = JSON.parse(document.getElementById("plotly-locale").textContent);
const options = { responsive: true, displayModeBar: false, locale: "report", locales: { report: locale } };

function draw(element, figure, layout = {}) {
  Plotly.react(element, figure.data, { ...sharedLayout, ...figure.layout, ...layout }, options);
}

function drawChart(element) {
  const figure = JSON.parse(document.querySelector(`script[data-for="${element.id}"]`).textContent);
  const sharesLegend = element.closest(".example, .worst");
  draw(element, figure, sharesLegend ? { showlegend: false, margin: { ...sharedLayout.margin, t: 8 } } : {});
}

const undrawn = new Set(document.querySelectorAll("figure .chart"));
const observer = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (isIntersecting && undrawn.delete(target)) {
      observer.unobserve(target);
      drawChart(target);
    }
  }
}, { rootMargin: "800px" });
undrawn.forEach((element) => observer.observe(element));
addEventListener("beforeprint", () => {
  undrawn.forEach(drawChart);
  undrawn.clear();
});

const windowSelect = document.getElementById("window-select");
const selectableWindows = JSON.parse(document.getElementById("selectable-windows").textContent);
const drawSelected = () => draw("selected-window", selectableWindows[windowSelect.value]);
windowSelect.addEventListener("change", drawSelected);
drawSelected();

const periodFigures = JSON.parse(document.getElementById("period-figures").textContent);
const periodSelect = document.getElementById("period-select");
const drawPeriod = () => {
  const figure = periodFigures[periodSelect ? periodSelect.value : 0];
  draw("period-chart", figure, { showlegend: false, dragmode: "zoom", margin: { ...sharedLayout.margin, t: 34 } });
};
periodSelect?.addEventListener("change", drawPeriod);
if (periodFigures.length) drawPeriod();
