// Beside a date that is chosen stands the same date with its year of the Republic.
const tell = (field) => {
  const output = document.getElementById(`${field.id}-roc`);
  if (!output) return;
  const parts = /^(\d{4})-(\d{2})-(\d{2})/.exec(field.value);
  output.textContent = parts ? `民國${Number(parts[1]) - 1911}年${Number(parts[2])}月${Number(parts[3])}日` : "";
};
document.addEventListener("input", (event) => {
  if (event.target.matches("input[type=date], input[type=datetime-local]")) tell(event.target);
});
