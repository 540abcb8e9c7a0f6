const shared = {
  font: { family: "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif", size: 12, color: "#4a5059" },
  margin: { l: 56, r: 14, t: 26, b: 44 },
  legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { size: 11.5 } },
  hovermode: "x",
  paper_bgcolor: "rgba(0,0,0,0)",
  plot_bgcolor: "rgba(0,0,0,0)",
};
const options = { responsive: true, displayModeBar: false };

function draw(place, figure, layout = {}) {
  Plotly.react(place, figure.data, { ...shared, ...figure.layout, ...layout }, options);
}

function drawChart(place) {
  const figure = JSON.parse(document.querySelector(`script[data-for="${place.id}"]`).textContent);
  const sharesLegend = place.closest(".example, .worst");
  draw(place, figure, sharesLegend ? { showlegend: false, margin: { ...shared.margin, t: 8 } } : {});
}

const waiting = new Set(document.querySelectorAll("figure .chart"));
const observer = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (isIntersecting && waiting.delete(target)) {
      observer.unobserve(target);
      drawChart(target);
    }
  }
}, { rootMargin: "800px" });
waiting.forEach((place) => observer.observe(place));
addEventListener("beforeprint", () => {
  waiting.forEach(drawChart);
  waiting.clear();
});

const chooser = document.getElementById("chooser");
const explored = JSON.parse(document.getElementById("explored").textContent);
const explore = () => draw("explorer", explored[chooser.value]);
chooser.addEventListener("change", explore);
explore();
