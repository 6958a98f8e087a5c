# The page with its server:
#
#     docker build -t attention .
#     docker run -p 7860:7860 attention      http://localhost:7860/ shows the released runs; yours, in runs/, come with
#     docker run -p 7860:7860 --user "$(id -u)" -e HOME=/tmp -v "$PWD/runs:/app/runs" attention
#
# The image is some gigabytes smaller with torch for processors alone: --build-arg PIP_EXTRA_INDEX_URL=<PyTorch's index of these>.
# As a Space of Hugging Face: its README.md begins with "sdk: docker", and this file stays as it is.
FROM python:3.11-slim
ARG PIP_EXTRA_INDEX_URL
RUN useradd --create-home --uid 1000 user && install -d -o user /app /app/runs
WORKDIR /app
COPY --chown=user pyproject.toml constraints.txt LICENSE ./
COPY --chown=user data data
COPY --chown=user reproductions reproductions
COPY --chown=user configs configs
COPY --chown=user docs docs
RUN pip install --no-cache-dir -c constraints.txt -e .
USER user
EXPOSE 7860
CMD ["python", "-m", "reproductions", "page", "--host", "0.0.0.0", "--port", "7860", "--embed", "https://huggingface.co"]
