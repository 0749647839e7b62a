// Turns the hours of the day, which the server knows in UTC, into the reader's: days go on as they are.

const HOURS = 24;

const turn = (chart, shift) => {
  const there = (hour) => (hour + shift + HOURS) % HOURS;
  const named = (hour) => `${String(hour).padStart(2, "0")}:00`;
  const room = chart.querySelector("svg").viewBox.baseVal.width / HOURS;
  for (const column of chart.querySelectorAll("rect")) {
    const x = Number(column.getAttribute("x"));
    const hour = Math.floor(x / room);
    column.setAttribute("x", String(x + (there(hour) - hour) * room));
    const title = column.querySelector("title");
    title.textContent = title.textContent.replace(named(hour), named(there(hour)));
  }
  const figures = [...chart.querySelectorAll("tbody tr")].map((row) => row.cells[1]);
  const counts = figures.map((figure) => figure.textContent);
  counts.forEach((count, hour) => { figures[there(hour)].textContent = count; });
  chart.querySelector("thead th").textContent = "Hour (your time)";
  document.getElementById("zones").textContent = "Days are in UTC, hours of the day in your time.";
};

const chart = document.getElementById("by-hour");
const shift = Math.round(-new Date().getTimezoneOffset() / 60);
if (chart?.querySelector("svg") && shift !== 0) turn(chart, shift);
